/** What the demo agent does and how it fails, with Docker. */
import { demoSuite } from './suites/demo.ts';
import { demoFailuresSuite } from './suites/demo-failures.ts';

demoSuite('docker');
demoFailuresSuite('docker');
