/**
 * Skills that agents share: folders of the owner's, DATA/skills/NAME with a SKILL.md, off for every agent until the owner
 * turns one on.
 *
 * They are data. An agent that has one sees its folder read-only at /workspace/skills/NAME, and its name and description
 * in its instructions; host and runner load text and run nothing of it. Which are on is in the store, which no sandbox
 * has. One that is not fit to be shown is left out, and the owner is told why.
 */
import type { AgentId } from '../types.ts';

/** Where they appear inside. */
export const SKILLS_INSIDE = '/workspace/skills';

export interface ShownSkill {
  readonly name: string;
  readonly description: string;
  /** On the host. */
  readonly folder: string;
}

export interface AgentSkills {
  /** For one start of this agent: those that are on and fit, looked at anew. Never rejects for what is in them. */
  of(agent: AgentId): Promise<readonly ShownSkill[]>;
}

export interface SkillView {
  readonly name: string;
  readonly description: string | null;
  /** Why it is shown to nobody, in words. */
  readonly problem: string | null;
  readonly on: readonly AgentId[];
}

export interface Skills extends AgentSkills {
  /** All that are there, or on. */
  list(): Promise<readonly SkillView[]>;
  /** Durable when it resolves; holds from the next start of the agent's sandboxes on. Rejects with BadSkill. */
  turn(agent: AgentId, name: string, on: boolean): Promise<void>;
}

/** The owner's mistake; the words say which. */
export class BadSkill extends Error {
  override readonly name = 'BadSkill';
}
