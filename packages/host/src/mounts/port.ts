/**
 * Folders of the owner's own, shown to an agent beside its workspace.
 *
 *   settings.json: mountRoots   what may be shown at all, and what of it written: the allow-list
 *                  agentMounts  what is shown, by the agent's name and the folder's name inside
 *
 * Both are out of any agent's reach: settings.json is in no sandbox. Each folder is looked at anew before each start;
 * one that may not be shown is refused with its reason, and its agent does not start without it.
 */
import type { SandboxMount } from '../sandboxes/port.ts';

/** Where they appear inside. */
export const EXTRA_DIR = '/workspace/extra';

export interface ExtraMounts {
  /** For one start of this agent. Rejects with SandboxUnavailable, whose words say which folder, why, and what to do. */
  of(agentName: string): Promise<readonly SandboxMount[]>;
  /** What would be refused now, a sentence each, for whoever starts the host. Never rejects. */
  refusals(): Promise<readonly string[]>;
}
