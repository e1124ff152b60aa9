/** `./bellhop audit`, as a process of its own on a folder, with no host beside it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { noteHead } from '../src/audit-head.ts';
import { AUDIT_FILE, Trail } from '../src/egress/audit/trail.ts';
import { tempFolder } from './temp-folder.ts';

const PROGRAM = fileURLToPath(new URL('../src/audit.ts', import.meta.url));

function audit(data: string, ...words: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...words, '--data', data], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

/** Three rows, and their head noted. */
async function house(t: TestContext): Promise<{ readonly data: string; readonly file: string }> {
  const data = tempFolder(t);
  const dir = join(data, 'egress');
  mkdirSync(dir);
  const trail = new Trail(dir, () => Date.UTC(2026, 0, 2));
  for (const agent of ['bell', 'bell', 'page']) {
    const target = 'CONNECT api.example.com:443';
    trail.append({
      who: agent,
      what: 'tunnel',
      agent,
      session: 's1',
      target,
      decision: 'allowed',
      detail: '',
    });
  }
  await noteHead(data, trail.head);
  trail.close();
  return { data, file: join(dir, AUDIT_FILE) };
}

test('it lists, for people and for programs; verify says that all is whole, and what to keep', async (t) => {
  const { data, file } = await house(t);
  const { status, stdout } = audit(data, 'list', '--agent', 'bell', '--last', '1');
  assert.deepEqual([status, stdout.trimEnd().split('\n').length], [0, 1]);
  assert.match(
    stdout,
    /^ +2 {2}2026-01-02 00:00:00 {2}bell +tunnel +CONNECT api\.example\.com:443 {2}\(allowed\)$/m,
  );
  assert.equal(JSON.parse(audit(data, '--json').stdout.split('\n')[0] ?? '').n, 1);
  const whole = audit(data, 'verify');
  assert.equal(whole.status, 0, whole.stderr);
  assert.match(
    whole.stdout,
    /^All 3 rows are as they were written\.[\s\S]*audit verify --head 3:[0-9a-f]{64}\n$/,
  );
  assert.equal(audit(data, 'export').stdout, readFileSync(file, 'utf8'));
  const copy = join(data, 'copy.jsonl');
  audit(data, 'export', copy);
  assert.equal(readFileSync(copy, 'utf8'), readFileSync(file, 'utf8'));
});

test('attack: a row is changed, or the last one cut off: verify names the line, and exits with 1', async (t) => {
  const { data, file } = await house(t);
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('"n":2,', '"n":2, '));
  assert.equal(audit(data, 'verify').status, 0, 'white space is no change of what it says');
  writeFileSync(file, text.replace(/("n":2,.*)api\.example/, '$1api.elsewhere'));
  const changed = audit(data, 'verify');
  assert.deepEqual([changed.status, /NOT whole: line 2: it was changed/.test(changed.stdout)], [1, true]);
  writeFileSync(file, `${text.split('\n').slice(0, 2).join('\n')}\n`);
  const cut = audit(data, 'verify', '--json');
  assert.deepEqual(JSON.parse(cut.stdout).fault, { line: 3, why: 'it ends here, and once had 3 rows' });
  assert.equal(cut.status, 1);
});

test('wrong words exit with 2, no audit with 1, and both say what to type', async (t) => {
  const { data } = await house(t);
  for (const words of [['burn'], ['list', 'more'], ['--last', 'x'], ['verify', '--head', '3'], ['--what']]) {
    const { status, stderr } = audit(data, ...words);
    assert.deepEqual([status, stderr.includes('./bellhop help audit')], [2, true], words.join(' '));
  }
  const none = audit(tempFolder(t));
  assert.deepEqual([none.status, none.stderr.includes('./bellhop up')], [1, true]);
});
