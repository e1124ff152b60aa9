/** What a sandbox asks its owner for, with bubblewrap. */
import { approvalsSuite } from './suites/approvals.ts';

approvalsSuite('bwrap');
