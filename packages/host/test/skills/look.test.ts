/** What may be shown as a skill: heads and folders, as attacks. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readHead } from '../../src/skills/front-matter.ts';
import { lookAtSkill } from '../../src/skills/look.ts';
import { tempFolder } from '../temp-folder.ts';

const GOOD = '---\nname: taxes\ndescription: How taxes are done\n---\nDo them.\n';

test('a head is a name and a description; all else in it means nothing', () => {
  assert.deepEqual(readHead(GOOD), { name: 'taxes', description: 'How taxes are done' });
  const more = '---\r\nname: "a-b"\r\nhooks: {start: rm -rf /}\r\ndescription: \'x: y\'\r\n---\r\n';
  assert.deepEqual(readHead(more), { name: 'a-b', description: 'x: y' });
});

const HEADS: Readonly<Record<string, readonly [head: string, why: RegExp]>> = {
  'no head': ['name: taxes', /does not begin/],
  'a head without an end': ['---\nname: taxes\ndescription: x', /does not begin/],
  'a name that climbs': ['---\nname: ../../egress\ndescription: x\n---', /its name/],
  'two names': ['---\nname: taxes\nname: other\ndescription: x\n---', /one name/],
  'no description': ['---\nname: taxes\n---', /one description/],
  'a description of many lines': ['---\nname: taxes\ndescription: |\n  x\n---', /on one line/],
  'a description without an end': [`---\nname: taxes\ndescription: ${'x'.repeat(501)}\n---`, /longer than/],
  'a description of nothing that is seen': ['---\nname: taxes\ndescription: \u200b\u202e\n---', /empty/],
};
for (const [title, [head, why]] of Object.entries(HEADS)) {
  test(`attack: ${title} is no head`, () => {
    assert.match(String(readHead(head)), why);
  });
}

test('attack: control characters and turned writing in a description reach nobody', () => {
  const head = readHead('---\nname: a\ndescription: safe\u001b[2J\u202e\u0007 text\u2028\n---');
  assert.deepEqual(head, { name: 'a', description: 'safe text' });
});

function ground(t: TestContext) {
  const dir = tempFolder(t);
  const skill = join(dir, 'skills', 'taxes');
  mkdirSync(skill, { recursive: true });
  writeFileSync(join(skill, 'SKILL.md'), GOOD);
  return { dir, skill, look: (name: string) => lookAtSkill({ dataDir: dir, user: null }, name) };
}

test('a folder with a SKILL.md of its own name is a skill', async (t) => {
  assert.deepEqual(await ground(t).look('taxes'), { name: 'taxes', description: 'How taxes are done' });
});

test('attack: names that climb out of the folder of skills', async (t) => {
  const { look } = ground(t);
  for (const name of ['..', '../egress', 'taxes/../../egress', '/etc', '.', '', 'Taxes', 'a b', '-x'])
    assert.match(String(await look(name)), /is not named by/, name);
});

test('attack: a skill that is a link to a folder of ours or the machine’s', async (t) => {
  const { dir, look } = ground(t);
  mkdirSync(join(dir, 'egress'));
  writeFileSync(join(dir, 'egress/SKILL.md'), GOOD);
  symlinkSync('../egress', join(dir, 'skills/linked'));
  symlinkSync('/etc', join(dir, 'skills/etc'));
  for (const name of ['linked', 'etc']) assert.match(String(await look(name)), /not a folder of its own/);
});

test('attack: links, pipes and mountains in a skill', async (t) => {
  const spoils: Readonly<Record<string, readonly [spoil: (at: string) => void, why: RegExp]>> = {
    'SKILL.md is a link': [(at) => symlinkSync('/etc/passwd', join(at, 'b.md')), /is a link/],
    'a link deep in it': [
      (at) => {
        mkdirSync(join(at, 'deep'));
        symlinkSync('/', join(at, 'deep/root'));
      },
      /is a link/,
    ],
    'a pipe': [(at) => execFileSync('mkfifo', [join(at, 'pipe')]), /or no file/],
    'a SKILL.md without an end': [(at) => truncateSync(join(at, 'SKILL.md'), 65 * 1024), /at most 64 KiB/],
    'not text': [(at) => writeFileSync(join(at, 'SKILL.md'), Buffer.from([0xff, 0xfe])), /not text|ENCODING/],
    'a mountain': [
      (at) => {
        writeFileSync(join(at, 'big'), '');
        truncateSync(join(at, 'big'), 21 * 1024 * 1024);
      },
      /more than/,
    ],
    'more files than anybody needs': [
      (at) => {
        for (let n = 0; n < 500; n += 1) writeFileSync(join(at, `${n}.md`), '');
      },
      /more than/,
    ],
    'another name inside': [
      (at) => writeFileSync(join(at, 'SKILL.md'), GOOD.replace('taxes', 'other')),
      /calls it other/,
    ],
  };
  for (const [title, [spoil, why]] of Object.entries(spoils)) {
    const { skill, look } = ground(t);
    spoil(skill);
    assert.match(String(await look('taxes')), why, title);
  }
});
