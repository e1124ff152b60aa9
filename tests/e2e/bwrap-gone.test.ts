/**
 * bubblewrap disappears while the host runs, and comes back: what needs it waits and loses nothing, what does not goes
 * on, and people are told why.
 *
 * Not here: a host that starts without it (start-refused.test.ts).
 */
import assert from 'node:assert/strict';
import { accessSync, constants, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { until } from '../../packages/host/test/until.ts';
import { houseFor } from './house/house.ts';
import { bwrapMissing } from './house/machine.ts';

function bwrapOfThisMachine(): string {
  const places = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'bwrap'));
  const found = places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      // Not in this folder: the next one.
      return false;
    }
  });
  assert.ok(found, 'bubblewrap is not missing, but not on the PATH either');
  return found;
}

test('W9: without bubblewrap a message waits at no cost, says why once, and is answered when it is back', {
  skip: bwrapMissing,
}, async (t) => {
  const house = houseFor(t);
  const link = house.path('bin/bwrap');
  mkdirSync(house.path('bin'));
  symlinkSync(bwrapOfThisMachine(), link);
  await house.up({ env: { PATH: house.path('bin') } });
  assert.equal((await house.ask('help', 'awake')).code, 0);

  rmSync(link);
  const events = await house.api.events('asleep');
  const sent = await house.api.send({ id: 'm1', text: 'hello', thread: 'asleep' });
  assert.equal(sent.status, 202);
  const { session } = sent.body;
  await events.until('the notice', (event) => event.type === 'entry' && event.body.kind === 'notice');
  assert.equal((await house.ask('help', 'awake')).code, 0, 'who is awake needs no bubblewrap');

  await until('it was tried again', () => house.records.log().split('"sandbox unavailable"').length > 2);
  const said = house.records.conversation('asleep');
  assert.deepEqual(
    said.map(({ kind }) => kind),
    ['user', 'notice'],
  );
  assert.match(
    said[1]?.text ?? '',
    /^Your message is safe and waits: the program bwrap is missing\. .*bubblewrap/,
  );
  const status = (await house.api.status()).body;
  assert.deepEqual([status.waitingFor, status.messages.waiting], [['the program bwrap is missing'], 1]);
  const waiting = (await house.api.message('m1')).body;
  assert.deepEqual([waiting.state, waiting.reason], ['accepted', 'the program bwrap is missing']);

  symlinkSync(bwrapOfThisMachine(), link);
  await until('the message is answered', async () => (await house.api.message('m1')).body.settled);
  events.close();
  const [, , answer, ...more] = house.records.conversation('asleep');
  assert.match(answer?.text ?? '', /^You said: hello\n/);
  assert.deepEqual(more, []);
  const [row] = house.records.inbound(session);
  assert.deepEqual([row?.tries, row?.releases], [0, 0]);
  assert.ok(house.records.generations(session).every((g) => g.costs === 0));
  assert.deepEqual((await house.api.status()).body.waitingFor, []);
});
