/**
 * Packages of an agent's own, on top of the agent image.
 *
 *   owner names them -> kept in the store -> built beside what runs -> self-test -> used from the next wake on
 *                                                  '-> fails: the old image stays, and the owner reads why
 *
 * The list is the owner's: it is in the store, which no sandbox has, and changes by the owner's socket alone. What runs
 * goes on, on the old image, until the new one has passed. A host that died while it built builds again at its next
 * start; an image counts only when its name is in the store, which is written after its self-test.
 */
import type { PackageNames } from '../sandboxes/port.ts';
import type { AgentId } from '../types.ts';

export interface AgentImages {
  /** What a new sandbox of this agent runs on; null: the agent image. */
  imageOf(agent: AgentId): string | null;
}

export type PackageState = 'none' | 'building' | 'installed' | 'failed';

export interface PackageView extends PackageNames {
  readonly agent: AgentId;
  readonly state: PackageState;
  /** Why it failed, in words. */
  readonly why: string | null;
}

export interface Packages extends AgentImages {
  /** Why this host can install none, and what to do; null when it can. */
  readonly impossible: { readonly why: string; readonly hint: string } | null;
  view(agent: AgentId): PackageView;
  /** Durable when it resolves; what comes of it is built later. Rejects with BadPackages. */
  add(agent: AgentId, names: PackageNames): Promise<void>;
  remove(agent: AgentId, names: PackageNames): Promise<void>;
  /** The log of the last build from this byte on, and where it ends by now. */
  readLog(agent: AgentId, from: number): Promise<{ readonly text: string; readonly next: number }>;
}

/** The owner's mistake; the words say which. */
export class BadPackages extends Error {
  override readonly name = 'BadPackages';
}
