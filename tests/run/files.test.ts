/** The runner's own watchdog. What a green and a red file look like, every run shows. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runFiles } from './files.ts';

const HANGING = `
import { test } from 'node:test';
test('goes well', () => undefined);
test('waits for ever', () => new Promise(() => setInterval(() => undefined, 1_000)));
`;

test('a file that has told nothing for many minutes ends the run, red, with the name of its last test', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'bh-hanging-'));
  t.after(() => rmSync(root, { recursive: true }));
  const file = join(root, 'hanging.test.mjs');
  writeFileSync(file, HANGING);
  // node:test runs no files inside a test; it is told of being one by this alone.
  const context = process.env.NODE_TEST_CONTEXT;
  delete process.env.NODE_TEST_CONTEXT;
  t.after(() => {
    process.env.NODE_TEST_CONTEXT = context;
  });
  const lines: string[] = [];
  const clock = { hours: 0 };
  // An hour passes between any two looks.
  const now = () => {
    clock.hours += 1;
    return clock.hours * 3_600_000;
  };
  const [result] = await runFiles(root, [file], (line) => lines.push(line), now);
  assert.equal(result?.path, 'hanging.test.mjs');
  assert.ok((result?.failed ?? 0) > 0);
  assert.match(
    lines.join('\n'),
    /FAIL {2}hanging\.test\.mjs has told nothing for 15 minutes, last of "[^"]+"/,
  );
});
