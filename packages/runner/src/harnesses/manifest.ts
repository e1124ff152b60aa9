/** The harnesses that need no model, listed by hand: adding one is one folder and one line. */
import type { Harnesses } from '../harness.ts';
import { demoHarness } from './demo/index.ts';
import { instantHarness } from './instant.ts';

export const harnesses: Harnesses = {
  demo: demoHarness,
  instant: instantHarness,
};
