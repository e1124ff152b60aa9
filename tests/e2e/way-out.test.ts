/** The one way out of a sandbox, with bubblewrap. */
import { wayOutSuite } from './suites/way-out.ts';

wayOutSuite('bwrap');
