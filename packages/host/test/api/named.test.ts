/**
 * Messages of several channels that have one id, one thread name or one number: what is asked about one of them, or done to
 * it, never meets another. A whole host, its socket, its page, and two platforms beside them.
 */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import type { MessageId } from '@bellhop/mailbox';
import { startTestHost, type TestHost } from '../../../../tests/test-host/host.ts';
import type { ApiError, DeadLetterList, Done, WhyList } from '../../src/api/contract.ts';
import { addUser, addWiring } from '../../src/store/agents.ts';
import { addTargetWithoutEvent } from '../../src/store/events.ts';
import { findOrOpenSession } from '../../src/store/sessions.ts';
import type { AgentId, SessionId } from '../../src/types.ts';
import { FakeChannel } from '../fake-channel.ts';
import { message } from '../router/events.ts';
import { OWNER } from '../store-world.ts';
import { until } from '../until.ts';

interface Answer<T> {
  readonly status: number;
  readonly body: T & ApiError;
}

const LETTER = '/v1/dead-letters/m1';

/** A request to the owner's socket. */
function ask<T>(host: TestHost, method: string, path: string, body?: object): Promise<Answer<T>> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer<T>>();
  const socketPath = `${host.data}/bellhop.sock`;
  const out = request({ socketPath, method, path, agent: false }, (response) => {
    text(response).then(
      (words) => resolve({ status: response.statusCode ?? 0, body: JSON.parse(words) }),
      reject,
    );
  });
  out.on('error', reject);
  out.end(body ? JSON.stringify(body) : undefined);
  return promise;
}

/** The same of the page, by a browser that has signed in. */
async function signedIn(host: TestHost) {
  const entered = await fetch(host.signInLink(), { redirect: 'manual' });
  const cookie = (entered.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const origin = host.url.slice(0, -1);
  return async <T>(method: string, path: string, body?: object): Promise<Answer<T>> => {
    const headers = { cookie, origin, 'content-type': 'application/json' };
    const init = body ? { method, headers, body: JSON.stringify(body) } : { method, headers };
    const response = await fetch(`${origin}${path}`, init);
    return { status: response.status, body: (await response.json()) as T & ApiError };
  };
}

/** The words `fail …` fail. On two platforms, and by socket and page, a message `m1` is said in a thread of one name. */
async function openTown() {
  const platforms = [new FakeChannel({}, 'telegram'), new FakeChannel({}, 'discord')];
  const host = await startTestHost({ channels: platforms });
  host.agent.on(/^fail/, ({ fail }) => fail('it cannot be done'));
  const page = await signedIn(host);
  await host.store.transaction(async (sql) => {
    await addUser(sql, OWNER, 'owner');
    const modes = { agent: 'bell' as AgentId, engageMode: 'always', sessionMode: 'per-thread' } as const;
    for (const { name } of platforms) await addWiring(sql, { channel: name, chat: 'chat', ...modes });
  });
  const say = {
    terminal: (id: string, words: string) =>
      ask(host, 'POST', '/v1/messages', { id, text: words, thread: 'main' }),
    web: (id: string, words: string) => page('POST', '/v1/messages', { id, text: words, thread: 'main' }),
    telegram: (id: string, words: string) =>
      platforms[0]?.sink?.accept(message(id, { text: words, thread: 'main' })),
    discord: (id: string, words: string) =>
      platforms[1]?.sink?.accept(message(id, { text: words, thread: 'main' })),
  };
  const states = async (id = 'm1') => {
    const rows = await host.store.read.all(
      'SELECT channel, state, discarded FROM targets WHERE message_id = ? ORDER BY channel',
      id,
    );
    return rows.map(
      ({ channel, state, discarded }) => `${channel} ${state}${discarded ? ', discarded' : ''}`,
    );
  };
  const ended = (count: number, id?: string) =>
    until('all have ended', async () => {
      const all = await states(id);
      return all.length === count && all.every((state) => /answered|failed/.test(state));
    });
  const sessionOn = async (channel: string): Promise<string> => {
    const [row] = await host.store.read.all('SELECT id FROM sessions WHERE channel = ?', channel);
    return String(row?.id);
  };
  return { host, page, say, states, ended, sessionOn };
}

const channels = ({ body }: Answer<DeadLetterList>) => body.deadLetters.map(({ channel }) => channel);

describe('a dead letter whose id other channels have, too', () => {
  test('V1: is shown, tried again and discarded on its own channel alone, by socket and page', async () => {
    const town = await openTown();
    await using host = town.host;
    for (const channel of ['web', 'terminal', 'telegram'] as const) await town.say[channel]('m1', 'fail now');
    await town.ended(3);
    assert.deepEqual(channels(await ask<DeadLetterList>(host, 'GET', LETTER)), ['terminal']);
    assert.deepEqual(channels(await town.page<DeadLetterList>('GET', LETTER)), ['web']);
    host.agent.on('fail now', () => 'Now it went.');
    assert.equal((await ask<Done>(host, 'POST', `${LETTER}/retry`, {})).status, 202);
    await until('it is answered', async () => (await town.states())[1] === 'terminal answered');
    assert.equal((await town.page<Done>('POST', `${LETTER}/discard`, {})).status, 200);
    assert.deepEqual(await town.states(), ['telegram failed', 'terminal answered', 'web failed, discarded']);
    // The one that is left is no longer one of several.
    assert.deepEqual(channels(await ask<DeadLetterList>(host, 'GET', LETTER)), ['telegram']);
  });

  test('V1: of other channels alone it is refused as ambiguous, and reached by channel, chat, thread or session', async () => {
    const town = await openTown();
    await using host = town.host;
    for (const channel of ['discord', 'telegram'] as const) await town.say[channel]('m1', 'fail now');
    await town.ended(2);
    for (const act of ['', '/retry', '/discard']) {
      const { status, body } = await ask<object>(host, act === '' ? 'GET' : 'POST', LETTER + act);
      assert.deepEqual([status, body.error.code], [409, 'ambiguous'], act);
      assert.match(body.error.message, /discord, telegram/);
      assert.match(body.error.hint, /--channel/);
    }
    assert.deepEqual(await town.states(), ['discord failed', 'telegram failed']);
    const session = await town.sessionOn('telegram');
    for (const which of [
      'channel=telegram',
      `session=${session}`,
      `session=${session}&thread=main&chat=chat`,
    ])
      assert.deepEqual(channels(await ask<DeadLetterList>(host, 'GET', `${LETTER}?${which}`)), ['telegram']);
    for (const which of ['channel=terminal', 'chat=elsewhere', 'thread=t2', 'session=none'])
      assert.equal((await ask(host, 'GET', `${LETTER}?${which}`)).status, 404, which);
    await ask(host, 'POST', `${LETTER}/discard?channel=telegram`, {});
    assert.deepEqual(await town.states(), ['discord failed', 'telegram failed, discarded']);
  });
});

test('V1: imported messages of one id, in two chats of one channel, are two: each is reached by its session', async () => {
  const town = await openTown();
  await using host = town.host;
  const sessions = ['chat', 'room'].map((chat) => ({ id: `s-${chat}` as SessionId, chat }));
  await host.store.transaction(async (sql) => {
    for (const { id, chat } of sessions) {
      const at = { channel: 'telegram', chat, thread: null };
      const agent = 'bell' as AgentId;
      await findOrOpenSession(sql, { agent, mode: 'per-thread', ...at }, id, 1);
      await addTargetWithoutEvent(sql, { id, ...at }, 'm1' as MessageId, 'it had failed before', 1);
    }
  });
  assert.equal((await ask<object>(host, 'POST', `${LETTER}/discard`)).body.error.code, 'ambiguous');
  const { body } = await ask<Done>(host, 'POST', `${LETTER}/discard?session=s-room`);
  assert.deepEqual(body.sessions, ['s-room']);
  const left = await ask<DeadLetterList>(host, 'GET', LETTER);
  assert.deepEqual(
    left.body.deadLetters.map(({ session }) => session),
    ['s-chat'],
  );
});

describe('why', () => {
  const told = async (host: TestHost, query: string) => {
    const { body } = await ask<WhyList>(host, 'GET', `/v1/why/${query}`);
    return body.messages?.map(({ message: id, channel }) => `${channel} ${id}`) ?? body.error.code;
  };

  test('V2: a number is one of the listener’s own conversation, also when a newer one elsewhere has that thread', async () => {
    const town = await openTown();
    await using host = town.host;
    await town.say.terminal('t-first', 'hello');
    await town.ended(1, 't-first');
    await town.say.web('w-first', 'hello');
    await town.say.telegram('g-first', 'hello');
    await town.ended(1, 'w-first');
    await town.ended(1, 'g-first');
    assert.deepEqual(await told(host, '2'), ['terminal t-first']);
    assert.deepEqual(await told(host, '2?thread=main&agent=bell'), ['terminal t-first']);
    const { body } = await town.page<WhyList>('GET', '/v1/why/2');
    assert.deepEqual(
      body.messages.map(({ message: id }) => id),
      ['w-first'],
    );
    assert.deepEqual(await told(host, '2?channel=telegram&chat=chat&thread=main'), ['telegram g-first']);
    assert.deepEqual(await told(host, `2?session=${await town.sessionOn('telegram')}`), ['telegram g-first']);
    assert.equal(await told(host, '2?thread=none'), 'no_such_message');
    assert.equal(await told(host, '2?channel=telegram&chat=other&thread=main'), 'no_such_message');
    assert.deepEqual(await told(host, 'last'), ['telegram g-first']);
  });

  test('V2: an id is one of its own channel; of others alone it must be said which; a platform’s number is found', async () => {
    const town = await openTown();
    await using host = town.host;
    for (const channel of ['terminal', 'telegram', 'discord'] as const) await town.say[channel]('m1', 'hi');
    await town.ended(3);
    assert.deepEqual(await told(host, 'm1'), ['terminal m1']);
    assert.deepEqual(await told(host, 'm1?channel=discord'), ['discord m1']);
    for (const channel of ['telegram', 'discord'] as const) await town.say[channel]('77', 'hi');
    await town.ended(2, '77');
    assert.equal(await told(host, '77'), 'ambiguous');
    assert.deepEqual(await told(host, '77?channel=telegram'), ['telegram 77']);
    assert.deepEqual(await told(host, `77?session=${await town.sessionOn('discord')}`), ['discord 77']);
    await town.say.telegram('78', 'hi');
    await town.ended(1, '78');
    assert.deepEqual(await told(host, '78'), ['telegram 78']);
  });

  test('V2: the last message is told of its own channel, whoever else has its id', async () => {
    const town = await openTown();
    await using host = town.host;
    for (const channel of ['telegram', 'terminal', 'discord'] as const) {
      await town.say[channel]('m1', 'hi');
      await until('it is accepted', async () => (await told(host, 'last'))[0] === `${channel} m1`);
      assert.deepEqual(await told(host, 'last'), [`${channel} m1`]);
    }
  });
});
