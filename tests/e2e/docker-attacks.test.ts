/** With Docker: what a sandbox asks its owner for, the bound on the disk, folders of the owner's. */
import { approvalsSuite } from './suites/approvals.ts';
import { diskSuite } from './suites/disk.ts';
import { mountsSuite } from './suites/mounts.ts';

approvalsSuite('docker');
diskSuite('docker');
mountsSuite('docker');
