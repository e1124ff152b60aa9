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

/** Still without a broken guard: emptied row by row, and gone then. */
const OWED: readonly string[] = [
  'a sandbox reaches a host only while its owner allows that very one, by its own name',
  'what is in no rule is refused in words that name it, and is not even looked up',
  'a host has one spelling',
  "a path that climbs, is escaped, doubled or somebody else's is refused",
  'a path with dots, doubled slashes or escapes of them is in no rule but the one for all',
  'a provider that searches for the agent',
  'the address that was judged is gone to, whatever the name says a moment later',
  'the judged address is gone to for the whole connection, and named once',
  'a hello that names another host, none, or is no TLS never reaches the host',
  'two lengths, two framings, bad chunks, bare line feeds',
  'an upstream with a certificate that nobody vouches for gets no key',
  'a Host header of another name, an absolute address and a CONNECT inside pass nowhere',
  'a host without a valid certificate is sent nothing',
  'what sandboxes see holds none',
  'the canary is in no file, no log and no argument',
  'the secret is looked for everywhere and found nowhere',
  'a value among the arguments is refused, is not repeated and goes nowhere',
  'reading secrets of the host from the environment',
  'an endpoint that echoes the key in body and headers gives it to nobody',
  'another path, method, port or agent carries no secret and does not pass',
  'an own header or parameter in the place of the secret goes to nobody',
  'an echo in headers, in the body of an error, or in base64 does not bring the secret in',
  'a redirect is not followed here, and the next request is judged anew',
  'what cannot start opens no door',
  'with the egress process gone, what is open ends and nothing else is reached',
  'a role, an approval, another agent, a command',
  'arguments that were changed after the card was shown are not done',
  'a double click in two tabs, with different words, counts once',
  'nobody but the local owner decides',
  'an agent that is refused a host is given it by its owner alone',
  'a card is no question that a channel could answer',
  'kill -9 between each two lines of a decision',
  'what is granted once passes once',
  'asking a thousand times makes one card',
  'an audit that cannot be written any more lets nothing out',
  'any one field of any one row is changed',
  'kills between reserve and settle',
  "bytes in another's place open nothing",
  'a rotation that is cut off anywhere leaves a vault that opens',
  'is refused',
  'real sandboxes try their doors, the pair is made',
  'a way out that lets everybody through',
  'in a text, an edit, a question',
  'twenty calls at once pass a budget for five no more than five times',
];

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
  const excused = new Set([...UNBREAKABLE.map(({ row }) => row), ...OWED]);
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
