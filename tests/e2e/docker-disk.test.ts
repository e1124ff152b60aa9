/** The bound on the disk, with Docker. */
import { diskSuite } from './suites/disk.ts';

diskSuite('docker');
