/** What a sandbox may reach, with Docker. */
import { allowedHostsSuite } from './suites/allowed-hosts.ts';

allowedHostsSuite('docker');
