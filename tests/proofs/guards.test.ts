/** The guards that proofs/guards breaks are where it looks for them; that each turns the simulator red is its own run. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { applied } from '../../proofs/copy/edits.ts';
import { GUARDS } from '../../proofs/guards/guards.ts';

const ROOT = join(import.meta.dirname, '../..');

test('ten guards and more can be broken, each by words that its file holds once', () => {
  assert.ok(GUARDS.length >= 10);
  for (const { edits } of GUARDS)
    for (const edit of edits) {
      const text = readFileSync(join(ROOT, edit.file), 'utf8');
      assert.notEqual(applied(text, edit), text);
    }
});

test('words that are gone, or there twice, are said', () => {
  const edit = { file: 'a.ts', from: 'x', to: 'y' };
  assert.equal(applied('a x b', edit), 'a y b');
  assert.throws(() => applied('a b', edit), /a\.ts does not hold/);
  assert.throws(() => applied('x x', edit), /exactly once/);
});
