/**
 * The host dies by -9 at a moment that an event names, and is started again on the same data: what was accepted is
 * answered exactly once, and the sandboxes that the dead host left go on, or are gone, before the new one says that it is
 * ready.
 *
 * Not here: a crash at every single step, which needs no real processes (the host's own tests).
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { StreamEvent } from '../../../packages/host/src/api/contract.ts';
import { until } from '../../../packages/host/test/until.ts';
import { type House, houseFor } from '../house/house.ts';
import { missing, type SandboxKind, shortLimitS } from '../house/machine.ts';
import { stillRun } from '../house/sandboxes.ts';

export const isLive = (event: StreamEvent) => event.type === 'live';
export const isReply = (event: StreamEvent) => event.type === 'entry' && event.body.kind !== 'user';
const isAtWork = (event: StreamEvent) => event.type === 'receipt' && event.state === 'at work';

export async function upHouse(t: TestContext, sandbox: SandboxKind): Promise<House> {
  const house = houseFor(t, sandbox);
  await house.up();
  return house;
}

export async function settled(house: House, message: string): Promise<void> {
  await until(`${message} is settled`, async () => (await house.api.message(message)).body.settled);
}

/** Kinds and texts of a conversation, and that no entry came twice. */
export function said(house: House, thread: string): string[] {
  const entries = house.records.conversation(thread);
  assert.equal(new Set(entries.map((entry) => entry.id)).size, entries.length);
  return entries.map(({ kind, text }) => `${kind}: ${text}`);
}

/** A sandbox whose start is not on record yet is nobody's to go on with; an engine takes its time to tell who it is. */
async function onRecord(house: House): Promise<void> {
  await until('its start is on record', async () => {
    const { session } = (await house.api.message('m1')).body;
    return house.records.generations(session)[0]?.state === 'running';
  });
}

/** Starts the host again; there must never be a second sandbox beside the one that lives on. */
export async function upAgain(house: House): Promise<void> {
  await house.up();
  const lives = new Set(house.sandboxes().map(({ mark }) => mark));
  const sessions = new Set([...lives].map((mark) => mark.replace(/:\d+$/, '')));
  assert.equal(lives.size, sessions.size, `two lives of one session: ${[...lives]}`);
}

export function hostKilledSuite(sandbox: SandboxKind): void {
  describe(`a host that is killed, ${sandbox}`, { skip: missing[sandbox], concurrency: 2 }, () => {
    test('W10: in mid-turn goes on with that very turn: no new sandbox, nothing lost, nothing said twice', async (t) => {
      const house = await upHouse(t, sandbox);
      const events = await house.api.events('main');
      await house.api.send({ id: 'm1', text: 'stream' });
      await events.until('the answer is being written', isLive);
      await onRecord(house);
      await house.host.kill();
      const left = stillRun(house.sandboxes());
      assert.ok(left.length > 0, 'the sandbox must outlive its host, or this shows nothing');
      await upAgain(house);
      await settled(house, 'm1');
      assert.deepEqual(stillRun(left), left, 'the very same processes');
      const [user, text, ...more] = said(house, 'main');
      assert.equal(user, 'user: stream');
      assert.match(text ?? '', /^text: Every conversation gets its own room.*on its way\.$/s);
      assert.deepEqual(more, []);
      const { session } = (await house.api.message('m1')).body;
      assert.deepEqual(
        house.records.generations(session).map(({ number, state }) => [number, state]),
        [[1, 'running']],
      );
      assert.equal(
        house.records.inbound(session)[0]?.tries,
        0,
        'the end of the host costs its messages nothing',
      );
      assert.equal((await house.ask('help', 'main')).code, 0, 'it takes the next message');
      assert.deepEqual(stillRun(left), left);
    });

    test('W10: while its agent is stopped (SIGSTOP) ends that one when it is not ready in time, charges it, and another answers', async (t) => {
      const house = houseFor(t, sandbox);
      const limitS = shortLimitS();
      house.writeSettings({ readyTimeoutMs: limitS * 1_000 });
      await house.up();
      const events = await house.api.events('main');
      await house.api.send({ id: 'm1', text: 'stream' });
      await events.until('the answer is being written', isLive);
      await onRecord(house);
      const stopped = house.sandboxes();
      for (const { pid } of stopped) process.kill(pid, 'SIGSTOP');
      await house.host.kill();
      await upAgain(house);
      await settled(house, 'm1');
      assert.deepEqual(stillRun(stopped), []);
      assert.equal(said(house, 'main').length, 2);
      const { session } = (await house.api.message('m1')).body;
      const [first] = house.records.generations(session);
      assert.deepEqual([first?.costs, first?.reason], [1, `its sandbox was not ready within ${limitS} s`]);
    });

    // A container has no half that could be missing.
    const halves = sandbox === 'bwrap' ? missing.bwrap : 'only a bubblewrap sandbox has halves';
    test('W10: and half of its sandbox finds the other half dead, ends it, and another answers', {
      skip: halves,
    }, async (t) => {
      const house = await upHouse(t, sandbox);
      const events = await house.api.events('main');
      await house.api.send({ id: 'm1', text: 'stream' });
      await events.until('the answer is being written', isLive);
      await house.host.kill();
      const all = house.sandboxes();
      const outer = all.reduce((low, one) => (one.pid < low.pid ? one : low));
      process.kill(outer.pid, 'SIGKILL');
      await upAgain(house);
      assert.deepEqual(stillRun(all), []);
      await settled(house, 'm1');
      assert.equal(said(house, 'main').length, 2);
    });

    test('W10: while its agent hangs for ever goes on to wait for it, and nobody is started beside it', async (t) => {
      const house = await upHouse(t, sandbox);
      const events = await house.api.events('main');
      await house.api.send({ id: 'm1', text: 'hang' });
      await events.until('it is at work', isAtWork);
      const hanging = house.sandboxes();
      await onRecord(house);
      await house.host.kill();
      assert.deepEqual(stillRun(hanging), hanging);
      await upAgain(house);
      await until('it is heard again', async () => (await house.api.message('m1')).body.state === 'at work');
      assert.deepEqual(stillRun(hanging), hanging);
    });

    test('W11: and comes back, then is told to stop: its sandbox goes with it, and nothing is left', async (t) => {
      const house = await upHouse(t, sandbox);
      await house.ask('help', 'main');
      const left = house.sandboxes();
      await house.host.kill();
      await upAgain(house);
      assert.deepEqual(stillRun(left), left);
      assert.equal((await house.bellhop(['stop'])).code, 0);
      await house.host.exited;
      assert.deepEqual(house.sandboxes(), []);
      assert.deepEqual(readdirSync(join(house.data, 'run')), []);
    });

    test('many times at any moment has answered every message once, in order, when it is left alone', async (t) => {
      const house = await upHouse(t, sandbox);
      const ids = Array.from({ length: 4 }, () => randomUUID());
      for (const [n, id] of ids.entries()) {
        await house.api.send({ id, text: `number ${n}` });
        // The moment: at once, at work, being answered. Which of them it is differs from run to run, and must not matter.
        const events = await house.api.events('main');
        if (n % 2 === 1)
          await events.until(
            'its answer',
            (event) => isReply(event) && 'replyTo' in event && event.replyTo === id,
          );
        await house.host.kill();
        await upAgain(house);
      }
      for (const id of ids) await settled(house, id);
      const answers = house.records.conversation('main').filter((entry) => entry.kind === 'text');
      assert.deepEqual(
        // By their texts: messages that wait together are one turn, whose answers name its last message.
        answers.map((answer) => (answer.text ?? '').split('\n')[0]),
        ids.map((_, n) => `You said: number ${n}`),
      );
    });

    test('H9: leaves the runner that a living sandbox uses where it is, and removes it when none lives', async (t) => {
      const house = await upHouse(t, sandbox);
      await house.ask('help', 'main');
      // An upgrade, as the next host sees it: what runs was started from another bundle than its own.
      const old = join(house.data, 'runner', 'an-old-one');
      mkdirSync(old);
      await house.host.kill();
      await upAgain(house);
      assert.ok(existsSync(old));
      await house.bellhop(['stop']);
      await house.host.exited;
      await house.up();
      assert.ok(!existsSync(old));
    });
  });
}
