/** Every way in which an agent can fail, with bubblewrap; docker-demo.test.ts runs the same with Docker. */
import { demoFailuresSuite } from './suites/demo-failures.ts';

demoFailuresSuite('bwrap');
