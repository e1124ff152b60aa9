/** The program for agents that think with a model: a bundle of its own, so that the others stay small. */
import { lightHarness } from './harnesses/light/index.ts';
import { run } from './run.ts';

await run({ light: lightHarness }, process.argv[2]);
