/** Every harness, listed by hand: adding one is one folder and one line. */
import type { Harness } from '../harness.ts';
import { demoHarness } from './demo/index.ts';
import { instantHarness } from './instant.ts';

export const harnesses: Readonly<Record<string, () => Harness>> = {
  demo: demoHarness,
  instant: instantHarness,
};
