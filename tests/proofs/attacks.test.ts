/** The guards that proofs/attacks breaks are where it looks for them, and none is forgotten; that each turns its test red is its own run. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BROKEN_GUARDS, UNBREAKABLE } from '../../proofs/attacks/guards.ts';
import { rowsOf, runBy } from '../../proofs/attacks/rows.ts';
import { applied } from '../../proofs/copy/edits.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const ROWS = rowsOf(read('docs/SECURITY.md'));

test('each broken guard has words that its file holds once, and a row, and a test that shows it', () => {
  for (const { row, by, broken, edits } of BROKEN_GUARDS) {
    assert.ok(edits.length > 0, broken);
    for (const edit of edits) {
      const text = read(edit.file);
      assert.notEqual(applied(text, edit), text, broken);
    }
    assert.ok(
      ROWS.some(({ title }) => title === row),
      `${broken}: no row has the test "${row}"`,
    );
    // A title may be put together of a table's; that it names a test is seen when it is run.
    assert.ok(by === undefined || read(by.file).includes(by.title), `${by?.file} has no test "${by?.title}"`);
  }
});

test('every row of docs/SECURITY.md has a guard that is broken, or says why none can be', () => {
  const broken = new Set(BROKEN_GUARDS.map(({ row }) => row));
  const excused = new Set(UNBREAKABLE.map(({ row }) => row));
  const titles = ROWS.map(({ title }) => title);
  assert.deepEqual(
    titles.filter((title) => !broken.has(title) && !excused.has(title)),
    [],
    'rows without a broken guard',
  );
  assert.deepEqual(
    [...excused].filter((title) => broken.has(title) || !titles.includes(title)),
    [],
    'excuses that are out of date',
  );
});

test('a table of attacks is run by test files that are there', () => {
  for (const { file } of [...ROWS, ...BROKEN_GUARDS.flatMap(({ by }) => by ?? [])])
    for (const path of runBy(file))
      assert.ok(path.endsWith('.test.ts') && existsSync(join(ROOT, path)), path);
});
