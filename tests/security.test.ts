/** Holds docs/SECURITY.md: every promise has a guard that is there, and a test of that title. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hasTest, type Row, rowsOf } from '../proofs/attacks/rows.ts';

const ROOT = join(import.meta.dirname, '..');

/** Why the row does not hold; null when it does. */
function faultOf({ guard, file, title }: Row, read: (path: string) => string | null): string | null {
  if (read(guard) === null) return `there is no ${guard}`;
  return hasTest(read(file) ?? '', title) ? null : `${file} has no test "${title}"`;
}

test('every promise has its guard and its test', () => {
  const read = (path: string) =>
    existsSync(join(ROOT, path)) ? readFileSync(join(ROOT, path), 'utf8') : null;
  const rows = rowsOf(readFileSync(join(ROOT, 'docs/SECURITY.md'), 'utf8'));
  assert.ok(rows.length > 30, 'the table is there');
  assert.deepEqual(
    rows.map((row) => faultOf(row, read)).filter((fault) => fault !== null),
    [],
  );
});

test('a guard that is gone, a test that is gone, and a row of another shape are found', () => {
  const row = { guard: 'guard.ts', file: 'a.ts', title: 'a fork bomb' };
  const files = (text: string) => (path: string) =>
    path === 'a.ts' ? text : path === 'guard.ts' ? '' : null;
  assert.equal(faultOf(row, files("test('attack: a fork bomb', () => 0);")), null);
  assert.equal(faultOf(row, files("{ title: 'a fork bomb', code: '' }")), null);
  assert.match(faultOf({ ...row, guard: 'gone.ts' }, files('')) ?? '', /no gone\.ts/);
  assert.match(faultOf(row, files('// a fork bomb')) ?? '', /no test/);
  assert.throws(() => rowsOf('| 1 | promise | guard | test |'), /not a row/);
});
