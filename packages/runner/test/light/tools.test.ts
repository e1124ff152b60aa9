/** The light harness's tools one by one, and what they refuse. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { until } from '../../../host/test/until.ts';
import type { TurnTools } from '../../src/harness.ts';
import { htmlToText } from '../../src/harnesses/light/tools/html.ts';
import { TOOLS } from '../../src/harnesses/light/tools/manifest.ts';

function workshop(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'bh-tools-'));
  const sub = (name: string) => {
    mkdirSync(join(dir, name), { recursive: true });
    return join(dir, name);
  };
  const place = {
    ...{ workDir: sub('work'), memoryDir: sub('memory'), homeDir: sub('home'), inDir: sub('in') },
    extraDirs: [],
    skills: [],
    ...{ model: null, modelUrl: '', env: process.env, now: () => 1_000 },
  };
  sub('in/files');
  writeFileSync(join(dir, 'secret.txt'), 'SECRET');
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const stop = new AbortController();
  const tools = { signal: stop.signal } as TurnTools;
  const use = (name: string, input: object): Promise<string> => {
    const one = TOOLS.find((each) => each.name === name);
    if (!one) throw new Error(name);
    return one.run(one.input.parse(input), { place, tools });
  };
  return { dir, place, use, stop };
}

test('read, write and edit work on text in the workspace and the memory', async (t) => {
  const { place, use } = workshop(t);
  assert.equal(
    await use('write', { path: 'a/b.txt', content: 'one\ntwo\nthree' }),
    'wrote 13 bytes to a/b.txt',
  );
  assert.equal(await use('read', { path: 'a/b.txt' }), 'one\ntwo\nthree');
  assert.equal(
    await use('read', { path: 'a/b.txt', offset: 2, limit: 1 }),
    'two\n[1 more lines; go on with offset 3]',
  );
  await use('edit', { path: 'a/b.txt', old_text: 'two', new_text: '$& 2' });
  assert.equal(readFileSync(join(place.workDir, 'a/b.txt'), 'utf8'), 'one\n$& 2\nthree');
  await use('write', { path: join(place.memoryDir, 'INDEX.md'), content: 'tea' });
  assert.equal(await use('read', { path: join(place.memoryDir, 'INDEX.md') }), 'tea');
});

test('an edit that fits nowhere, or twice, changes nothing and says why', async (t) => {
  const { use } = workshop(t);
  await use('write', { path: 'a', content: 'x x' });
  await assert.rejects(use('edit', { path: 'a', old_text: 'y', new_text: '' }), /does not stand in a/);
  await assert.rejects(use('edit', { path: 'a', old_text: 'x', new_text: '' }), /stands 2 times in a/);
  assert.equal(await use('read', { path: 'a' }), 'x x');
});

test('attack: a path out of the workspace, by .., by link, by /proc, is refused in words', async (t) => {
  const { dir, place, use } = workshop(t);
  symlinkSync(join(dir, 'secret.txt'), join(place.workDir, 'link'));
  symlinkSync(dir, join(place.workDir, 'folder'));
  symlinkSync(join(dir, 'new.txt'), join(place.workDir, 'dangling'));
  symlinkSync('loop', join(place.workDir, 'loop'));
  const outside = [
    '../secret.txt',
    'a/../../secret.txt',
    'link',
    'folder/secret.txt',
    '/etc/passwd',
    `${dir}/secret.txt`,
  ];
  const proc = ['/proc/self/environ', `/proc/self/root${dir}/secret.txt`, `/proc/self/cwd/../../etc/passwd`];
  for (const path of [...outside, ...proc]) {
    await assert.rejects(use('read', { path }), /lies outside: it is not yours to read/, path);
    await assert.rejects(
      use('write', { path, content: 'x' }),
      /lies outside: only these can be written/,
      path,
    );
    await assert.rejects(use('edit', { path, old_text: 'SECRET', new_text: '' }), /lies outside/, path);
    await assert.rejects(use('grep', { pattern: 'S', path }), /lies outside/, path);
  }
  for (const path of ['folder', '/', '..']) await assert.rejects(use('list', { path }), /lies outside/);
  await assert.rejects(use('read', { path: 'loop' }), /cannot be opened/);
  await assert.rejects(use('write', { path: 'dangling', content: 'x' }), /leads nowhere/);
  assert.ok(!existsSync(join(dir, 'new.txt')));
  assert.equal(readFileSync(join(dir, 'secret.txt'), 'utf8'), 'SECRET');
});

test('attack: instructions and attachments can be read, and not written', async (t) => {
  const { place, use } = workshop(t);
  for (const path of [join(place.homeDir, 'AGENT.md'), join(place.inDir, 'files/a.txt')]) {
    writeFileSync(path, 'theirs');
    assert.equal(await use('read', { path }), 'theirs');
    await assert.rejects(use('write', { path, content: 'mine' }), /only these can be written/);
  }
  await assert.rejects(use('read', { path: join(place.inDir, 'inbound.db') }), /not yours to read/);
});

test("attack: a folder of the owner's is written only where that was given", async (t) => {
  const { dir, place, use } = workshop(t);
  const [photos, notes] = ['photos', 'notes'].map((name) => join(dir, name)) as [string, string];
  for (const path of [photos, notes]) mkdirSync(path);
  Object.assign(place, {
    extraDirs: [
      { path: photos, writable: false },
      { path: notes, writable: true },
    ],
  });
  writeFileSync(join(photos, 'a.txt'), 'theirs');
  assert.equal(await use('read', { path: join(photos, 'a.txt') }), 'theirs');
  await assert.rejects(
    use('write', { path: join(photos, 'a.txt'), content: 'x' }),
    /only these can be written/,
  );
  await use('write', { path: join(notes, 'b.txt'), content: 'mine' });
  assert.equal(readFileSync(join(notes, 'b.txt'), 'utf8'), 'mine');
});

test('attack: a skill is read, never written, and its neighbours are not read', async (t) => {
  const { dir, place, use } = workshop(t);
  for (const name of ['taxes', 'taxes-2']) {
    mkdirSync(join(dir, name));
    writeFileSync(join(dir, name, 'SKILL.md'), 'how');
  }
  Object.assign(place, { skills: [{ name: 'taxes', description: 'd', path: join(dir, 'taxes') }] });
  const path = join(dir, 'taxes/SKILL.md');
  assert.equal(await use('read', { path }), 'how');
  await assert.rejects(use('write', { path, content: 'x' }), /only these can be written/);
  await assert.rejects(use('read', { path: join(dir, 'taxes-2/SKILL.md') }), /not yours to read/);
});

test('attack: a pipe, a device and a folder in place of a file hold nothing up', async (t) => {
  const { place, use } = workshop(t);
  execFileSync('mkfifo', [join(place.workDir, 'pipe')]);
  await assert.rejects(use('read', { path: 'pipe' }), /there is no file pipe/);
  await assert.rejects(use('read', { path: '.' }), /there is no file/);
  writeFileSync(join(place.workDir, 'bin'), Buffer.from([1, 0, 2]));
  await assert.rejects(use('read', { path: 'bin' }), /is no text, or UTF-16 \(3 bytes\)/);
  writeFileSync(join(place.workDir, 'huge'), Buffer.alloc(6_000_000, 'x'));
  await assert.rejects(use('read', { path: 'huge' }), /6000000 bytes/);
});

test('list, glob and grep look around, and cut what is long', async (t) => {
  const { place, use } = workshop(t);
  for (const path of ['a.ts', 'src/b.ts', 'src/c.md', 'node_modules/x/d.ts'])
    await use('write', { path, content: `in ${path}\nTEA` });
  symlinkSync('a.ts', join(place.workDir, 'l'));
  assert.equal(await use('list', {}), 'a.ts (11 bytes)\nl (link or special)\nnode_modules/\nsrc/');
  assert.equal(await use('glob', { pattern: '**/*.ts' }), 'a.ts\nsrc/b.ts');
  assert.equal(await use('glob', { pattern: '*.nothing' }), '[nothing there]');
  await assert.rejects(use('glob', { pattern: '../*' }), /without \.\./);
  assert.equal(await use('glob', { pattern: '{a,src/{b,c}}.ts' }), 'a.ts\nsrc/b.ts');
  // Each is written out before anything is looked for: millions of names would hold the runner for minutes.
  for (const pattern of ['{1..9}', '{a,b}{a,b}{a,b}'])
    await assert.rejects(use('glob', { pattern }), /at most two/);
  assert.equal(
    await use('grep', { pattern: '^tea', ignore_case: true, include: '*.md' }),
    './src/c.md:2:TEA',
  );
  assert.equal(await use('grep', { pattern: 'coffee' }), '[nothing found]');
  await assert.rejects(use('grep', { pattern: '(' }), /grep|[Uu]nmatched/);
  assert.equal(
    await use('grep', { pattern: '--help', path: 'src' }),
    '[nothing found]',
    'a pattern is no option',
  );
});

test('bash gives output, errors and the exit code, and cuts the middle of what is long', async (t) => {
  const { use } = workshop(t);
  assert.equal(await use('bash', { command: 'echo out; echo err >&2; exit 3' }), 'out\nerr\n[exit code 3]');
  assert.equal(await use('bash', { command: 'cat' }), '[exit code 0]', 'it has no input to wait for');
  const long = await use('bash', { command: 'echo first; yes | head -c 900000; echo last' });
  assert.ok(long.length < 31_000);
  assert.match(long, /^first[\s\S]*left out[\s\S]*last\n\[exit code 0\]$/);
});

test('attack: a command that never ends, and all that it started, end with its time', async (t) => {
  const { place, use } = workshop(t);
  const command = 'sleep 1000 & echo $! > pid; wait';
  assert.match(await use('bash', { command, timeout_seconds: 1 }), /ended after 1 s/);
  await assertGone(Number(readFileSync(join(place.workDir, 'pid'), 'utf8')));
});

test('attack: a turn that is stopped leaves no command running', async (t) => {
  const { place, use, stop } = workshop(t);
  execFileSync('mkfifo', [join(place.workDir, 'started')]);
  const running = use('bash', { command: 'sleep 1000 & echo $! > pid; echo x > started; wait' });
  // Opening the pipe waits for the command to have written.
  await readFile(join(place.workDir, 'started'));
  stop.abort();
  assert.match(await running, /\[stopped\]/);
  await assertGone(Number(readFileSync(join(place.workDir, 'pid'), 'utf8')));
  await assert.rejects(use('bash', { command: 'echo no' }), /abort/i);
});

test('a command in the background does not hold the turn', async (t) => {
  const { place, use } = workshop(t);
  assert.match(await use('bash', { command: 'sleep 1000 & echo $! > pid; echo done' }), /^done/);
  process.kill(Number(readFileSync(join(place.workDir, 'pid'), 'utf8')), 'SIGKILL');
});

/** Killed, but perhaps not yet collected by its parent; on a busy machine the kernel takes a moment to end it. */
async function assertGone(pid: number): Promise<void> {
  const state = (): string => {
    const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : ') Z';
    return stat.split(') ').at(-1) ?? '';
  };
  await until('the kernel has ended it', () => state().startsWith('Z'));
}

test('a task needs a time that is to come', async (t) => {
  const { use } = workshop(t);
  await assert.rejects(use('schedule_task', { prompt: 'x' }), /either in_seconds or at/);
  await assert.rejects(use('schedule_task', { prompt: 'x', at: '1970-01-01T00:00:00Z' }), /is over/);
  await assert.rejects(use('schedule_task', { prompt: 'x', at: '2099-01-01T00:00:00Z' }), /more than a year/);
});

test('a page becomes text with its links, and nothing of its scripts', () => {
  const page =
    '<html><head><title>A &amp; B</title><style>p{}</style></head><body><script>if (a<b) evil()</script>' +
    '<h2>Head</h2><p>One <a href="https://x.test/?a=1&amp;b=2">two</a> &#8364;3<br>4</p><ul><li>a<li>b</ul><!-- <p>no -->5 < 6</body>';
  assert.equal(
    htmlToText(page),
    'A & B\n\n## Head\n\nOne two (https://x.test/?a=1&b=2) €3\n4\n\n- a\n- b\n5 < 6',
  );
});

test('attack: a page made to be slow is not', () => {
  for (const piece of ['<', '<a href="https:', '<!--', '<script>', '&#', '<p>', '<div <div '])
    htmlToText(piece.repeat(200_000));
});
