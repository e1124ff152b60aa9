/** What the host logs: that things happened, and not a word of what was said (H7's promise for this issue). */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { houseFor } from './house/house.ts';
import { bwrapMissing } from './house/machine.ts';

test('no text of a message, an answer, a file or a failing command gets into the logs', {
  skip: bwrapMissing,
}, async (t) => {
  const house = houseFor(t);
  house.writeSettings({ maxTries: 1 });
  const host = await house.up();
  const canary = `canary-${randomUUID()}`;
  const path = house.path('note.txt');
  writeFileSync(path, canary);

  assert.match((await house.ask(canary, 'one')).reply, new RegExp(canary));
  assert.match((await house.ask(`run echo ${canary} | tee /dev/stderr`, 'one')).reply, new RegExp(canary));
  assert.match((await house.ask('read', 'two', '--file', path)).reply, new RegExp(canary));
  assert.equal((await house.ask(`run echo ${canary} >&2; kill -9 $PPID`, 'three')).code, 1);
  const unknown = await house.api.send({ id: 'x', text: canary, agent: canary });
  assert.equal(unknown.status, 404);
  await house.host.stop();

  const log = house.records.log();
  assert.ok(!log.includes(canary));
  const lines = log
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { what: string; level: string; time: string });
  for (const { what, level, time } of lines) assert.ok(what && level && time);
  // It does log: the start, the sandbox that died, the end.
  for (const what of ['ready', 'sandbox ended', 'stopped'])
    assert.ok(
      lines.some((line) => line.what === what),
      what,
    );
  assert.ok(!host.stderr.includes(canary) && !host.stdout.includes(canary));
  for (const name of readdirSync(join(house.data, 'logs')))
    assert.equal(statSync(join(house.data, 'logs', name)).mode & 0o077, 0);
  const shown = await house.bellhop(['logs']);
  assert.equal(shown.code, 0);
  assert.match(shown.stdout, /sandbox ended/);
});
