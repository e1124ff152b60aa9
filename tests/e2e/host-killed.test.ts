/**
 * The host dies by -9 while each of its conversations is somewhere else, and is started again on the same data: what was
 * accepted is answered exactly once, and the sandboxes that the dead host left go on, or are gone, before the new one
 * says that it is ready.
 *
 * One kill for many states, told apart by their conversations. Not here: a kill at any moment (tests/proofs), a crash at
 * every single step, which needs no real processes (the host's own tests).
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { StreamEvent } from '../../packages/host/src/api/contract.ts';
import type { Ending } from '../../packages/host/test/temp-folder.ts';
import { until } from '../../packages/host/test/until.ts';
import { type House, houseFor } from './house/house.ts';
import { isLive, said, settled, upAgain } from './house/killed.ts';
import { bwrapMissing, shortLimitS } from './house/machine.ts';
import { type MarkedProcess, stillRun } from './house/sandboxes.ts';
import { sharedWorld } from './house/shared-world.ts';

const isAtWork = (event: StreamEvent) => event.type === 'receipt' && event.state === 'at work';

/** A message of this id in a conversation of the same name, until it is so far; and its sandbox is on record. */
async function begin(
  house: House,
  name: string,
  text: string,
  isSoFar: (event: StreamEvent) => boolean,
): Promise<string> {
  const events = await house.api.events(name);
  const { session } = (await house.api.send({ id: name, text, thread: name })).body;
  await events.until(`${name} is so far`, isSoFar);
  events.close();
  // A sandbox whose start is not on record yet is nobody's to go on with.
  await until('its start is on record', () => house.records.generations(session)[0]?.state === 'running');
  return session;
}

interface Killed {
  readonly house: House;
  /** Of an upgrade, as the next host sees it: what runs was started from another bundle than its own. */
  readonly oldRunner: string;
  /** Of a conversation, when its host had just died. */
  left(name: string): MarkedProcess[];
}

async function killedOnce(t: Ending): Promise<Killed> {
  const house = houseFor(t);
  await house.up();
  const sessions = new Map<string, string>();
  sessions.set('idle', (await house.ask('help', 'idle')).session);
  sessions.set('hang', await begin(house, 'hang', 'hang', isAtWork));
  const streams = ['half', 'turn'].map(async (name) =>
    sessions.set(name, await begin(house, name, 'stream', isLive)),
  );
  await Promise.all(streams);
  const oldRunner = join(house.data, 'runner', 'an-old-one');
  mkdirSync(oldRunner);
  await house.host.kill();
  const all = stillRun(house.sandboxes());
  const left = (name: string) => all.filter(({ mark }) => mark.includes(`:${sessions.get(name)}:`));
  const outer = left('half').reduce((low, one) => (one.pid < low.pid ? one : low));
  process.kill(outer.pid, 'SIGKILL');
  await upAgain(house);
  return { house, oldRunner, left };
}

describe('a host that is killed', { skip: bwrapMissing }, () => {
  const killed = sharedWorld(killedOnce);

  test('W10: in mid-turn goes on with that very turn: no new sandbox, nothing lost, nothing said twice', async () => {
    const { house, left } = await killed();
    const processes = left('turn');
    assert.ok(processes.length > 0, 'the sandbox must outlive its host, or this shows nothing');
    await settled(house, 'turn');
    assert.deepEqual(stillRun(processes), processes, 'the very same processes');
    const [user, text, ...more] = said(house, 'turn');
    assert.equal(user, 'user: stream');
    assert.match(text ?? '', /^text: Every conversation gets its own room.*on its way\.$/s);
    assert.deepEqual(more, []);
    const { session } = (await house.api.message('turn')).body;
    assert.deepEqual(
      house.records.generations(session).map(({ number, state }) => [number, state]),
      [[1, 'running']],
    );
    const [row] = house.records.inbound(session);
    assert.equal(row?.tries, 0, 'the end of the host costs its messages nothing');
    assert.equal((await house.ask('help', 'turn')).code, 0, 'it takes the next message');
    assert.deepEqual(stillRun(processes), processes);
  });

  test('W10: and half of a sandbox finds the other half dead, ends it, and another answers', async () => {
    const { house, left } = await killed();
    assert.ok(left('half').length > 1);
    assert.deepEqual(stillRun(left('half')), []);
    await settled(house, 'half');
    assert.equal(said(house, 'half').length, 2);
  });

  test('W10: while its agent hangs for ever goes on to wait for it, and nobody is started beside it', async () => {
    const { house, left } = await killed();
    await until('it is heard again', async () => (await house.api.message('hang')).body.state === 'at work');
    assert.ok(left('hang').length > 0);
    assert.deepEqual(stillRun(left('hang')), left('hang'));
  });

  test('H9, W11: and comes back keeps the runner of what lives, and is told to stop: all of it goes, and nothing is left', async () => {
    const { house, left, oldRunner } = await killed();
    assert.ok(left('idle').length > 0);
    assert.deepEqual(stillRun(left('idle')), left('idle'));
    assert.ok(existsSync(oldRunner));
    assert.equal((await house.bellhop(['stop'])).code, 0);
    await house.host.exited;
    assert.deepEqual(house.sandboxes(), []);
    assert.deepEqual(readdirSync(join(house.data, 'run')), []);
    await house.up();
    assert.ok(!existsSync(oldRunner), 'none lives that was started from it');
  });
});

test('W10: a host that is killed while an agent is stopped (SIGSTOP) ends that one when it is not ready in time, charges it, and another answers', {
  skip: bwrapMissing,
}, async (t) => {
  const house = houseFor(t);
  const limitS = shortLimitS();
  house.writeSettings({ readyTimeoutMs: limitS * 1_000 });
  await house.up();
  const session = await begin(house, 'main', 'stream', isLive);
  const stopped = house.sandboxes();
  for (const { pid } of stopped) process.kill(pid, 'SIGSTOP');
  await house.host.kill();
  await upAgain(house);
  await settled(house, 'main');
  assert.deepEqual(stillRun(stopped), []);
  assert.equal(said(house, 'main').length, 2);
  const [first] = house.records.generations(session);
  assert.deepEqual([first?.costs, first?.reason], [1, `its sandbox was not ready within ${limitS} s`]);
});
