/** What a sandbox may reach, with bubblewrap. */
import { allowedHostsSuite } from './suites/allowed-hosts.ts';

allowedHostsSuite('bwrap');
