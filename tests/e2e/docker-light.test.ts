/** The job of an agent with a model, with Docker: the one whole conversation there. Protocols know no sandbox, so one is enough. */
import { lightJobSuite } from './suites/light-job.ts';

lightJobSuite('docker', ['anthropic']);
