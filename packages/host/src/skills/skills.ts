/** Which skills each agent has: kept as names under `skills:<agent>` in the store's settings, looked at when needed. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Folders } from '../folders.ts';
import { setting, settingsBelow, storeSetting } from '../store/agents.ts';
import type { Store } from '../store/port.ts';
import type { AgentId, Log } from '../types.ts';
import { SKILL_NAME } from './front-matter.ts';
import { lookAtSkill, SKILLS_DIR, shareSkill } from './look.ts';
import { BadSkill, type Skills } from './port.ts';

const PREFIX = 'skills:';
const MAX_ON = 20;
const names = v.array(v.string());

export interface SkillsDeps {
  readonly store: Store;
  readonly folders: Folders;
  readonly log: Log;
  /** Into the audit, before it is done. Rejects when that cannot be written. */
  readonly record: (agent: AgentId, what: string) => Promise<void>;
  readonly renew: (agent: AgentId, why: string) => void;
}

export function createSkills({ store, folders, log, record, renew }: SkillsDeps): Skills {
  async function allOn(): Promise<Map<AgentId, readonly string[]>> {
    const kept = await settingsBelow(store.read, PREFIX);
    return new Map(
      kept.map(([name, json]) => [name.slice(PREFIX.length) as AgentId, v.parse(names, JSON.parse(json))]),
    );
  }

  return {
    async of(agent) {
      const found = [];
      for (const name of (await allOn()).get(agent) ?? []) {
        const head = await lookAtSkill(folders, name);
        if (typeof head === 'string') {
          log.warn('skill not shown', { agent, skill: name, why: head });
          continue;
        }
        await shareSkill(folders, name);
        found.push({ ...head, folder: join(folders.dataDir, SKILLS_DIR, name) });
      }
      return found;
    },
    async list() {
      const on = await allOn();
      const there = await readdir(join(folders.dataDir, SKILLS_DIR)).catch(() => []);
      const all = [...new Set([...there, ...[...on.values()].flat()])].sort();
      return Promise.all(
        all.map(async (name) => {
          const head = await lookAtSkill(folders, name);
          const agents = [...on].flatMap(([agent, list]) => (list.includes(name) ? [agent] : []));
          if (typeof head === 'string') return { name, description: null, problem: head, on: agents };
          return { name, description: head.description, problem: null, on: agents };
        }),
      );
    },
    async turn(agent, name, on) {
      if (!SKILL_NAME.test(name)) throw new BadSkill(`${JSON.stringify(name)} is not the name of a skill`);
      const head = on ? await lookAtSkill(folders, name) : null;
      if (typeof head === 'string') throw new BadSkill(`${name} cannot be shown: ${head}`);
      await record(agent, `${name} ${on ? 'on' : 'off'}`);
      await store.transaction(async (sql) => {
        const kept = v.parse(names, JSON.parse((await setting(sql, PREFIX + agent)) ?? '[]'));
        const others = kept.filter((one) => one !== name);
        if (on && others.length >= MAX_ON) throw new BadSkill(`an agent has at most ${MAX_ON} skills`);
        const next = on ? [...others, name].sort() : others;
        await storeSetting(sql, PREFIX + agent, next.length === 0 ? null : JSON.stringify(next));
      });
      renew(agent, 'its skills were changed');
    },
  };
}
