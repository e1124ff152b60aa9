/** A host that dies by -9, with bubblewrap; docker-host-killed.test.ts runs the same with Docker. */
import { hostKilledSuite } from './suites/host-killed.ts';

hostKilledSuite('bwrap');
