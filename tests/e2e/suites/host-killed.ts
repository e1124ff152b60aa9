/**
 * The host dies by -9 at a moment that an event names, and is started again on the same data: what was accepted is
 * answered exactly once, and what the dead host left running is gone before the new one says that it is ready.
 *
 * Not here: a crash at every single step, which needs no real processes (the host's own tests).
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { StreamEvent } from '../../../packages/host/src/api/contract.ts';
import { type House, houseFor } from '../house/house.ts';
import { missing, type SandboxKind } from '../house/machine.ts';
import { stillRun } from '../house/sandboxes.ts';
import { until } from '../house/until.ts';

const isLive = (event: StreamEvent) => event.type === 'live';
const isReply = (event: StreamEvent) => event.type === 'entry' && event.body.kind !== 'user';
const isAtWork = (event: StreamEvent) => event.type === 'receipt' && event.state === 'at work';

async function upHouse(t: TestContext, sandbox: SandboxKind): Promise<House> {
  const house = houseFor(t, sandbox);
  await house.up();
  return house;
}

async function settled(house: House, message: string): Promise<void> {
  await until(`${message} is settled`, async () => (await house.api.message(message)).body.settled);
}

/** Kinds and texts of a conversation, and that no entry came twice. */
function said(house: House, thread: string): string[] {
  const entries = house.records.conversation(thread);
  assert.equal(new Set(entries.map((entry) => entry.id)).size, entries.length);
  return entries.map(({ kind, text }) => `${kind}: ${text}`);
}

/** Starts the host again; what ran before must be gone when it says that it is ready. */
async function upAgain(house: House): Promise<void> {
  const left = house.sandboxes();
  await house.up();
  assert.deepEqual(stillRun(left), []);
  const old = new Set(left.map(({ mark }) => mark));
  assert.deepEqual(
    house.sandboxes().filter(({ mark }) => old.has(mark)),
    [],
  );
}

export function hostKilledSuite(sandbox: SandboxKind): void {
  describe(`a host that is killed, ${sandbox}`, { skip: missing[sandbox], concurrency: 2 }, () => {
    test('R4: right after it accepted, on a cold and on a warm session, answers after its next start', async (t) => {
      const house = await upHouse(t, sandbox);
      for (const id of ['cold', 'warm']) {
        assert.equal((await house.api.send({ id, text: `hello ${id}` })).status, 202);
        await house.host.kill();
        await upAgain(house);
        await settled(house, id);
        if (id === 'cold') await house.ask('help', 'main');
      }
      const replies = house.records.conversation('main').filter((entry) => entry.kind === 'text');
      for (const id of ['cold', 'warm']) {
        const [answer, ...more] = replies.filter((reply) => reply.replyTo === id);
        assert.match(answer?.text ?? '', new RegExp(`^You said: hello ${id}\n`));
        assert.deepEqual(more, []);
      }
      // 202 is told before the person's own words are shown; a host that dies between both has them all the same.
      assert.deepEqual(
        house.records.inbound((await house.api.message('cold')).body.session).map((row) => row.tries),
        [0, 0, 0],
      );
    });

    test('R3: a message that is sent again to the next host changes nothing', async (t) => {
      const house = await upHouse(t, sandbox);
      const message = { id: 'once', text: 'twice' };
      const first = await house.api.send(message);
      await house.host.kill();
      await upAgain(house);
      const again = await Promise.all([house.api.send(message), house.api.send(message)]);
      for (const { status, body } of again) assert.deepEqual([status, body], [202, first.body]);
      await settled(house, 'once');
      await house.api.send(message);
      assert.equal((await house.ask('help', 'main')).code, 0);
      assert.equal(said(house, 'main').filter((line) => line.startsWith('text: ')).length, 3);
    });

    test('W10: in mid-turn stops what it left, runs the turn again and answers once', async (t) => {
      const house = await upHouse(t, sandbox);
      const events = await house.api.events('main');
      await house.api.send({ id: 'm1', text: 'stream' });
      await events.until('the answer is being written', isLive);
      await house.host.kill();
      assert.ok(
        stillRun(house.sandboxes()).length > 0,
        'the sandbox must outlive its host, or this shows nothing',
      );
      await upAgain(house);
      await settled(house, 'm1');
      const [user, text, ...more] = said(house, 'main');
      assert.equal(user, 'user: stream');
      assert.match(text ?? '', /^text: Every conversation gets its own room/);
      assert.deepEqual(more, []);
      const { session } = (await house.api.message('m1')).body;
      const [row] = house.records.inbound(session);
      assert.equal(row?.tries, 0, 'the end of the host costs its messages nothing');
    });

    test('W10: while its agent hangs for ever stops that, and the turn runs anew', async (t) => {
      const house = await upHouse(t, sandbox);
      const events = await house.api.events('main');
      await house.api.send({ id: 'm1', text: 'hang quietly' });
      await events.until('it is at work', isAtWork);
      const hanging = house.sandboxes();
      await house.host.kill();
      assert.deepEqual(stillRun(hanging), hanging);
      await upAgain(house);
      const { session } = (await house.api.message('m1')).body;
      const after = await until('another sandbox has taken it up', () => {
        const running = house.sandboxes();
        return running.some(({ mark }) => mark.endsWith(':2')) && running;
      });
      assert.ok(after.every(({ mark }) => mark.endsWith(`${session}:2`)));
    });

    test('M11, D2: after the turn was committed delivers that answer, and does not think again', async (t) => {
      const house = await upHouse(t, sandbox);
      const events = await house.api.events('main');
      const sent = await house.api.send({ id: 'm1', text: 'stream' });
      await events.until('the answer is being written', isLive);
      // It sees nothing any more: neither the bell nor the row.
      house.host.freeze();
      const { session } = sent.body;
      await until('the turn is committed', () => house.records.acknowledged(session).includes('m1'));
      const [row] = house.records.outbound(session);
      assert.equal(said(house, 'main').length, 1, 'nothing was delivered yet');
      await house.host.kill();
      await upAgain(house);
      await settled(house, 'm1');
      assert.equal(said(house, 'main').length, 2);
      assert.deepEqual(
        house.records.deliveries(session).map((delivery) => ({ ...delivery })),
        [{ out_id: row?.id, state: 'delivered' }],
      );
      const generations = house.records.generations(session).map(({ number, costs }) => [number, costs]);
      assert.deepEqual(generations, [[1, 0]]);
    });

    test('D2, M7: between the two messages of one turn says each of them once', async (t) => {
      const house = await upHouse(t, sandbox);
      const events = await house.api.events('main');
      await house.api.send({ id: 'm1', text: 'twice' });
      await events.until('the first message', isReply);
      await house.host.kill();
      await upAgain(house);
      await settled(house, 'm1');
      assert.deepEqual(said(house, 'main'), [
        'user: twice',
        'text: First, while I am still at it.',
        'text: Second, at the end.',
      ]);
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

    test('leaves no runtime folder behind once its successor has stopped', async (t) => {
      const house = await upHouse(t, sandbox);
      await house.ask('help', 'main');
      const run = join(house.data, 'run');
      assert.equal(readdirSync(run).length, 1);
      await house.host.kill();
      await upAgain(house);
      assert.deepEqual(readdirSync(run), []);
    });

    test('under a waiting ask: the command line waits for the next host and prints the answer', async (t) => {
      const house = await upHouse(t, sandbox);
      const events = await house.api.events('main');
      const asking = house.ask('stream', 'main');
      await events.until('the answer is being written', isLive);
      await house.host.kill();
      await upAgain(house);
      const asked = await asking;
      assert.equal(asked.code, 0);
      assert.match(asked.reply, /^Every conversation gets its own room.*on its way\.$/s);
      assert.equal(said(house, 'main').length, 2);
    });
  });
}
