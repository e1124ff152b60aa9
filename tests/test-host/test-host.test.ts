/** The test host itself: it is a real host, whose parts can be replaced, and of which nothing is left. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { addUser, addWiring, listAgents } from '../../packages/host/src/store/agents.ts';
import { FakeChannel } from '../../packages/host/test/fake-channel.ts';
import { FakeClock, START_MS } from '../../packages/host/test/fake-clock.ts';
import { message } from '../../packages/host/test/router/events.ts';
import { OWNER } from '../../packages/host/test/store-world.ts';
import { until } from '../../packages/host/test/until.ts';
import { startTestHost } from './host.ts';

test('one person, one message, one answer', async () => {
  await using host = await startTestHost();
  host.agent.on('hello', () => 'Hello, you.');
  const [anna, ben] = [host.person(), host.person()];
  assert.deepEqual(await Promise.all([anna.ask('hello'), ben.ask('what')]), [
    ['Hello, you.'],
    ['You said: what'],
  ]);
  assert.equal(host.sandboxes.alive.length, 2, 'each conversation has its own');
});

test('the agent talks, uses tools, asks, and fails', async () => {
  await using host = await startTestHost();
  host.agent
    .on('work', async ({ tools, write }) => {
      write('First I look. ');
      await tools.tool({ name: 'bash', detail: 'ls', timeoutMs: null }, async () => undefined);
      await tools.send('On the way.');
      return ['Done.', 'Really.'];
    })
    .on('ask', async ({ tools }) => {
      await tools.ask({ title: 'T', text: 'Sure?', options: [{ label: 'Yes', value: 'y' }] });
      return undefined;
    })
    .on('fail', ({ fail }) => fail('it cannot be done'));
  const person = host.person();
  assert.deepEqual(await person.ask('work'), ['On the way.', 'Done.', 'Really.']);
  const { replies } = await person.end(await person.say('ask'));
  const [asked] = replies;
  assert.equal(asked?.body.kind, 'question');
  const answer = await person.press(asked.body.question, 'y');
  assert.equal((await person.end(answer)).replies.length, 1);
  const failed = await person.end(await person.say('fail'));
  assert.deepEqual([failed.state, failed.reason], ['failed', 'it cannot be done']);
});

test('a sandbox that is killed leaves its claim, and its message is answered by the next', async () => {
  await using host = await startTestHost();
  host.agent.on('hang once', ({ message }) =>
    message.attempt === 1 ? new Promise(() => undefined) : 'Now.',
  );
  const person = host.person();
  const stream = await person.events();
  const id = await person.say('hang once');
  await stream.until('at work', (event) => event.type === 'receipt' && event.state === 'at work');
  for (const sandbox of host.sandboxes.alive) await sandbox.kill();
  assert.deepEqual((await person.end(id)).replies.length, 1);
  stream.close();
});

test('a host that stops and starts again is the same: its data, its address, its open turn', async () => {
  await using host = await startTestHost();
  const { url } = host;
  const person = host.person();
  await person.ask('before');
  await host.stop();
  await host.start();
  assert.equal(host.url, url);
  assert.deepEqual(await person.ask('after'), ['You said: after']);
  const page = await fetch(host.signInLink(), { redirect: 'manual' });
  assert.equal(page.status, 303);
});

test('each part can be replaced: clock, ids, store, disk', async () => {
  const clock = new FakeClock();
  const ids = { n: 0 };
  const asked: string[] = [];
  await using host = await startTestHost({
    clock,
    newId: () => `id-${String(++ids.n).padStart(8, '0')}`,
    store: (onDisk) => ({
      ...onDisk,
      read: onDisk.read,
      close: () => onDisk.close(),
      transaction(work) {
        asked.push('commit');
        return onDisk.transaction(work);
      },
    }),
    disk: { freeBytes: async () => 7, heldBytes: async () => 0 },
    settings: { minFreeDiskBytes: 8 },
  });
  const person = host.person();
  const id = await person.say('hello');
  await until('it waits for the disk', async () => {
    const { body } = await person.api.message(id);
    return body.reason !== null && body.session.startsWith('id-');
  });
  assert.ok(asked.length > 0);
  assert.equal((await person.api.status()).body.startedAt, new Date(START_MS).toISOString());
});

test('a channel of the test is one of the host', async () => {
  const channel = new FakeChannel();
  await using host = await startTestHost({ channels: [channel] });
  await host.store.transaction(async (sql) => {
    const [agent] = await listAgents(sql);
    if (!agent) throw new Error('the first start made no agent');
    const modes = { engageMode: 'always', sessionMode: 'per-thread' } as const;
    await addUser(sql, OWNER, 'owner');
    await addWiring(sql, { channel: 'fake', chat: 'chat', agent: agent.id, ...modes });
  });
  await channel.sink?.accept(message('m1', { text: 'hello' }));
  await until('it is answered', () => channel.texts.length > 0);
  assert.deepEqual(channel.texts, ['You said: hello']);
});

test('nothing of it is left', async () => {
  const host = await startTestHost();
  await host.person().ask('hello');
  await host[Symbol.asyncDispose]();
  assert.ok(!existsSync(host.data));
  await assert.rejects(fetch(host.url));
});
