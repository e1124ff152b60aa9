/** Holds docs/FAULTS.md: every row has a guard that is there, and a test that is there under the row's name. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '..');
const ROWS = [
  'R1 R2 R3 R4 R8 R10 R11 R12 R17',
  'L1 L2 L3 L4 L5 L6 L7 L13 L14 L15 L19',
  'W1 W2 W3 W4 W6 W9 W10 W11 W12 W13 W14 W15 W16 W17 W18',
  'D1 D2 D3 D4 D5 D6 D7 D8 D9 D10 D11 D12 D13 D14',
  'P1 P2 P3 P7 P8 P22',
  'H3 H4 H6 H8 H9 H10 H11 H14',
  'T1 T2 T3 T4 T5 T6 T7',
  'Z1',
  'C1 C2 C3 C4',
  'A1 A2 A3',
  'N1 N2 N3 N4',
  'U1 V1 V2',
].flatMap((names) => names.split(' '));

interface Row {
  readonly name: string;
  readonly guard: string;
  readonly file: string;
  readonly title: string;
}

function rowsOf(table: string): Row[] {
  return table.split('\n').flatMap((line) => {
    const [, name, guard, file, title] = /^\| (\w+) \|.*\| `(.+)` \| `(.+)`: (.+) \|$/.exec(line) ?? [];
    return name && guard && file && title ? [{ name, guard, file, title }] : [];
  });
}

/** Why the row does not hold; null when it does. The title may stand behind a part that differs from case to case. */
function faultOf({ name, guard, file, title }: Row, read: (path: string) => string | null): string | null {
  if (read(guard) === null) return `${name}: there is no ${guard}`;
  const titles = [...(read(file) ?? '').matchAll(/\btest\(\s*(['"`])([A-Z].*?)\1,/gs)].map(
    ([, , words]) => words,
  );
  const isNamed = (words = '') => words.split(': ')[0]?.split(', ').includes(name) && words.includes(title);
  return titles.some(isNamed) ? null : `${name}: ${file} has no test "${title}" under this name`;
}

test('every row of the table has its guard and its test, and no row is missing', () => {
  const rows = rowsOf(readFileSync(join(ROOT, 'docs/FAULTS.md'), 'utf8'));
  assert.deepEqual(
    rows.map(({ name }) => name),
    ROWS,
  );
  const read = (path: string) =>
    existsSync(join(ROOT, path)) ? readFileSync(join(ROOT, path), 'utf8') : null;
  assert.deepEqual(
    rows.map((row) => faultOf(row, read)).filter((fault) => fault !== null),
    [],
  );
});

test('the check finds a guard that is gone, a test that is gone, and one under another name', () => {
  const row = { name: 'D2', guard: 'guard.ts', file: 'a.test.ts', title: 'goes out once' };
  const files = (test: string) => (path: string) =>
    path === 'a.test.ts' ? test : path === 'guard.ts' ? '' : null;
  const right = "test('D1, D2: of two it goes out once', () => 0);";
  assert.equal(faultOf(row, files(right)), null);
  assert.match(faultOf({ ...row, guard: 'gone.ts' }, files(right)) ?? '', /no gone\.ts/);
  assert.match(faultOf({ ...row, file: 'gone.ts' }, files(right)) ?? '', /no test/);
  assert.match(faultOf(row, files("test('D21: it goes out once', () => 0);")) ?? '', /no test/);
  assert.match(faultOf(row, files("test('D2: it goes out twice', () => 0);")) ?? '', /no test/);
});
