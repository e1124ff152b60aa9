import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runCli } from '../src/cli.ts';
import { run, testWorld } from './test-world.ts';

function logFolder(t: TestContext): { data: string; file: (age?: number) => string } {
  const data = mkdtempSync(join(tmpdir(), 'bh-'));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  mkdirSync(join(data, 'logs'));
  return { data, file: (age = 0) => join(data, 'logs', `host.jsonl${age === 0 ? '' : `.${age}`}`) };
}

const line = (what: string, more: object = {}) =>
  `${JSON.stringify({ time: '2026-03-01T10:00:00.005Z', level: 'info', what, ...more })}\n`;

test('logs prints time, level, what and key=value, works without a host, oldest file first', async (t) => {
  const { data, file } = logFolder(t);
  writeFileSync(file(10), line('oldest'));
  writeFileSync(file(2), line('older', { n: 1, name: 'a b', list: [1, 2] }));
  writeFileSync(file(), line('newest', { level: 'error' }));
  writeFileSync(`${file()}.tmp`, line('not a log'));
  const { out, code } = await run(['logs'], testWorld({ data }));
  const lines = out.trimEnd().split('\n');
  assert.equal(code, 0);
  assert.match(lines[0] ?? '', /^\d{4}-\d\d-\d\d \d\d:00:00\.005 {2}info {3}oldest$/);
  assert.match(lines[1] ?? '', /older {2}n=1 {2}name="a b" {2}list=\[1,2\]$/);
  assert.match(lines[2] ?? '', /error {2}newest$/);
  assert.equal(lines.length, 3);
});

test('a line that is no JSON object is shown as it is, and no line can act on the terminal', async (t) => {
  const { data, file } = logFolder(t);
  writeFileSync(file(), `plain \u001b[2Jwords\n42\n${line('x\u001b]0;t\u0007', { 'k\n': 'a\u001bb' })}`);
  appendFileSync(file(), Buffer.from([0x63, 0xff, 0x9b, 0x0a]));
  const { out } = await run(['logs'], testWorld({ data }));
  const lines = out.trimEnd().split('\n');
  assert.deepEqual(lines.slice(0, 2), ['plain ␛[2Jwords', '42']);
  assert.match(lines[2] ?? '', /x␛\]0;t␇ {2}k␊=a␛b$/);
  assert.equal(lines[3], 'cÿ�');
});

test('logs -n prints the last lines only', async (t) => {
  const { data, file } = logFolder(t);
  writeFileSync(file(1), line('one') + line('two'));
  writeFileSync(file(), line('three'));
  const { out } = await run(['logs', '-n', '2'], testWorld({ data }));
  assert.deepEqual(out.match(/one|two|three/g), ['two', 'three']);
  assert.equal((await run(['logs', '-n', 'x'], testWorld({ data }))).code, 2);
});

test('logs -f follows across rotations, also two between two looks, and shows every line once', async (t) => {
  const { data, file } = logFolder(t);
  writeFileSync(file(), line('first'));
  const world = testWorld({ data });
  const following = runCli(['logs', '-f'], world);
  await world.stdout.shows('first');
  appendFileSync(file(), line('second'));
  await world.stdout.shows('second');
  // No look can come in between: all of this is synchronous.
  appendFileSync(file(), line('third'));
  renameSync(file(), file(1));
  writeFileSync(file(), line('fourth'));
  renameSync(file(1), file(2));
  renameSync(file(), file(1));
  writeFileSync(file(), line('fifth'));
  await world.stdout.shows('fifth');
  world.interrupt.abort();
  assert.equal(await following, 0);
  assert.deepEqual(world.stdout.text.match(/first|second|third|fourth|fifth/g), [
    'first',
    'second',
    'third',
    'fourth',
    'fifth',
  ]);
});

test('logs -f waits for a log that does not exist yet; logs alone says that there is none', async (t) => {
  const { data, file } = logFolder(t);
  const { code, err } = await run(['logs'], testWorld({ data }));
  assert.equal(code, 1);
  assert.match(err, /no logs in .*\n {2}They begin with: \.\/bellhop up/);
  const world = testWorld({ data });
  const following = runCli(['logs', '-f'], world);
  writeFileSync(file(), line('born'));
  await world.stdout.shows('born');
  world.interrupt.abort();
  assert.equal(await following, 0);
});
