/** The demo agent, with bubblewrap; docker-demo.test.ts runs the same with Docker. */
import { demoSuite } from './suites/demo.ts';

demoSuite('bwrap');
