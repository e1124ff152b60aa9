/** A host that dies by -9, with Docker: its containers outlive it. */
import { hostKilledSuite } from './suites/host-killed.ts';

hostKilledSuite('docker');
