/** The job of an agent with a model, with Docker. One stream of events and one of chunks: protocols know no sandbox. */
import { lightJobSuite } from './suites/light-job.ts';

lightJobSuite('docker', ['anthropic', 'openai-chat']);
