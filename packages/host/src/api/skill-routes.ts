/** Skills of agents: for the owner at this machine. */
import * as v from 'valibot';
import { BadSkill, type Skills } from '../skills/port.ts';
import { listAgents } from '../store/agents.ts';
import type { Store } from '../store/port.ts';
import type { SkillList } from './contract.ts';
import { Problem } from './problem.ts';
import { findAgent, nameSchema, readBody } from './routes/input.ts';
import type { ApiRequest, Route } from './routing.ts';

const MAX_BODY_BYTES = 4 * 1024;

export const turnSkillSchema = v.strictObject({
  agent: v.optional(nameSchema),
  skill: v.string(),
  on: v.boolean(),
});

export interface SkillRoutesDeps {
  readonly store: Store;
  readonly skills: Skills;
  /** Path of the folder of skills. */
  readonly folder: string;
}

export function skillRoutes({ store, skills, folder }: SkillRoutesDeps): readonly Route[] {
  async function show(): Promise<SkillList> {
    const agents = new Map((await listAgents(store.read)).map(({ id, name }) => [id, name] as const));
    const rows = (await skills.list()).map(({ on, ...row }) => ({
      ...row,
      agents: on.map((id) => agents.get(id) ?? id),
    }));
    return { folder, skills: rows };
  }

  async function turn(request: ApiRequest): Promise<SkillList> {
    const { agent, skill, on } = await readBody(request, turnSkillSchema, MAX_BODY_BYTES);
    const { id } = await findAgent(store, agent);
    try {
      await skills.turn(id, skill, on);
    } catch (error) {
      if (!(error instanceof BadSkill)) throw error;
      throw new Problem(400, 'bad_skill', error.message, 'See what there is: ./bellhop skills');
    }
    return show();
  }

  return [
    { method: 'GET', path: '/v1/skills', handle: async () => ({ status: 200, json: await show() }) },
    {
      method: 'POST',
      path: '/v1/skills',
      handle: async (request) => ({ status: 200, json: await turn(request) }),
    },
  ];
}
