/**
 * What is to be done about an agent's packages: facts in, a decision out. Images are compared by name, which tells base,
 * recipe, agent and list, so that whatever changes one of them asks for a new image by itself.
 */
import type { PackageNames } from '../sandboxes/port.ts';
import { isNone } from './names.ts';

/** As it is kept in the store. `ready` has passed the self-test; a build that was cut off has left no trace here. */
export interface Kept extends PackageNames {
  /** The image in use; null: the agent image. */
  readonly ready: string | null;
  /** The last image that could not be made, and why. */
  readonly failed: { readonly image: string; readonly why: string } | null;
}

export type Decision = 'drop' | 'build' | 'nothing';

/** @param wanted the image for this list. @param isThere whether the one in use is on the engine. */
export function decide(kept: Kept, wanted: string | null, isThere: boolean): Decision {
  if (isNone(kept)) return kept.ready === null && kept.failed === null ? 'nothing' : 'drop';
  if (kept.ready === wanted && isThere) return 'nothing';
  return kept.failed?.image === wanted ? 'nothing' : 'build';
}
