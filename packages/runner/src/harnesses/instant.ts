/** Answers at once, with nothing in between: what is left is Bellhop itself. For `bellhop bench`. */
import type { Harness } from '../harness.ts';

export function instantHarness(): Harness {
  return {
    name: 'instant',
    start: () => undefined,
    run: async (input) => ({ texts: input.messages.map((m) => m.text) }),
  };
}
