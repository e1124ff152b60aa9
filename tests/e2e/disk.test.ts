/** The bound on the disk, with bubblewrap. */
import { diskSuite } from './suites/disk.ts';

diskSuite('bwrap');
