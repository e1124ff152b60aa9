/** The program for agents that have no model. It loads nothing that a model needs: it takes 50 MiB, light.ts 90. */
import { harnesses } from './harnesses/manifest.ts';
import { run } from './run.ts';

await run(harnesses, process.argv[2]);
