/** The one way out of a sandbox, with Docker. */
import { wayOutSuite } from './suites/way-out.ts';

wayOutSuite('docker');
