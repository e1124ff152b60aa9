/**
 * What is sent and got about skills, on the owner's socket alone. Types only.
 *
 *   GET  /v1/skills                                    -> SkillList
 *   POST /v1/skills                TurnSkill           -> SkillList (400 bad_skill)
 */

export interface TurnSkill {
  /** Default: the first agent. */
  readonly agent?: string;
  readonly skill: string;
  readonly on: boolean;
}

export interface SkillList {
  /** Where they lie. */
  readonly folder: string;
  readonly skills: readonly SkillRow[];
}

export interface SkillRow {
  readonly name: string;
  readonly description: string | null;
  /** Why it is shown to nobody; null when it can be. */
  readonly problem: string | null;
  /** The agents that have it. */
  readonly agents: readonly string[];
}
