/** Loads the simulator, and with it the product's code, on top of a Node that is simulated for that code. */
import { standInForGlobals } from './node/globals.ts';
import { standInForNode } from './node/hooks.ts';

export async function loadSimulator(): Promise<typeof import('./run.ts')> {
  // Time zones of machines differ; a run does not.
  process.env.TZ = 'UTC';
  standInForNode();
  standInForGlobals();
  // Not a static import: that would load the product before its Node is in place.
  return import('./run.ts');
}
