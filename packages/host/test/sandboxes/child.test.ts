/** What the runtimes build on: a child whose words on its side pipes wait for whoever reads them. */
import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { launch } from '../../src/sandboxes/child.ts';

test('what a child said on a side pipe is there for who reads after its end', async () => {
  const command = ['/bin/sh', '-c', 'echo first >&3; echo second >&4; echo out'];
  const plan = { command, env: {}, workDir: '/', heralded: false, sidePipes: 2, covered: [] };
  const child = await launch(plan);
  assert.deepEqual(await child.ended, { code: 0, signal: null });
  // Node has let go of unread pipes by now.
  await new Promise(setImmediate);
  const [first, second] = child.side;
  assert.ok(first && second);
  assert.deepEqual([await text(first), await text(second)], ['first\n', 'second\n']);
  await child.close();
  assert.equal(child.output.text(), 'out\n');
});
