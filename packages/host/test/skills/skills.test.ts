/** Which skills reach which sandbox; looks are look.test.ts's. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RunnerConfig } from '@bellhop/runner/protocol';
import type { AgentId } from '../../src/types.ts';
import { openHouse } from '../supervisor/world.ts';

function addSkill(dir: string, name: string): string {
  const folder = join(dir, 'skills', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'SKILL.md'), `---\nname: ${name}\ndescription: about ${name}\n---\n`);
  return folder;
}

test('a skill is off until its owner turns it on, and then shown read-only to that agent alone', async (t) => {
  const house = await openHouse(t);
  const folder = addSkill(house.dir, 'taxes');
  const other = await house.addAgent('other');
  await house.wire('elsewhere', other.id);
  const shown = () => {
    const { command, mounts } = house.runtime.last.spec;
    const { skills } = JSON.parse(command.at(-1) ?? '') as RunnerConfig;
    const mounted = mounts.filter(({ target }) => target.startsWith('/workspace/skills'));
    return { names: skills.map(({ name }) => name), mounted };
  };
  await house.say('m1');
  await house.end('m1', 'answered');
  assert.deepEqual(shown(), { names: [], mounted: [] });
  await house.skills.turn(other.id, 'taxes', true);
  await house.say('m2', { chat: 'elsewhere' });
  await house.end('m2', 'answered');
  const target = '/workspace/skills/taxes';
  assert.deepEqual(shown(), { names: ['taxes'], mounted: [{ source: folder, target, writable: false }] });
  await house.say('m3', { thread: 'fresh' });
  await house.end('m3', 'answered');
  assert.deepEqual(shown(), { names: [], mounted: [] });
});

test('a skill that is no longer fit is left out, and the owner reads why; off and on again are its owner’s', async (t) => {
  const house = await openHouse(t);
  const { id } = house.agent;
  const folder = addSkill(house.dir, 'taxes');
  await house.skills.turn(id, 'taxes', true);
  await assert.rejects(house.skills.turn(id, '../egress', true), /is not the name of a skill/);
  await assert.rejects(house.skills.turn(id, 'unknown', true), /cannot be shown: .*ENOENT/);
  rmSync(folder, { recursive: true });
  symlinkSync('/etc', folder);
  assert.deepEqual(await house.skills.of(id), []);
  assert.deepEqual(await house.skills.list(), [
    { name: 'taxes', description: null, problem: 'it is not a folder of its own', on: [id] },
  ]);
  await house.skills.turn(id, 'taxes', false);
  assert.deepEqual((await house.skills.list())[0]?.on, []);
});

test('twenty skills are enough for one agent', async (t) => {
  const house = await openHouse(t);
  const agent = 'many' as AgentId;
  for (let n = 0; n < 20; n += 1) {
    addSkill(house.dir, `s${n}`);
    await house.skills.turn(agent, `s${n}`, true);
  }
  addSkill(house.dir, 'more');
  await assert.rejects(house.skills.turn(agent, 'more', true), /at most 20/);
  await house.skills.turn(agent, 's3', true);
});
