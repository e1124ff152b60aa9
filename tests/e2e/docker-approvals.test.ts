/** What a sandbox asks its owner for, with Docker. */
import { approvalsSuite } from './suites/approvals.ts';

approvalsSuite('docker');
