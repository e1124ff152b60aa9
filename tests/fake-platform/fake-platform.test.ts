/** The judge's witness must be right: what the fake platform writes down, and what its adapter makes of its answers. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  type Accepted,
  type Channel,
  type ChannelEvent,
  type OutgoingMessage,
  RetryableError,
  UnknownOutcomeError,
} from '../../packages/channels/src/index.ts';
import { fakePlatformChannel } from './channel.ts';
import { type Entry, type Oddity, PlatformLog } from './log.ts';
import { Platform } from './server.ts';

/** A die that always falls on this oddity, or on none (events come once and at once). */
const FALLS: Readonly<Record<Oddity | 'none', number>> = {
  rate: 0.005,
  refused: 0.015,
  swallowed: 0.025,
  stalled: 0.035,
  dribbled: 0.05,
  none: 0.99,
};

interface Square {
  readonly channel: Channel;
  readonly log: PlatformLog;
  fall(on: keyof typeof FALLS): void;
  say(id: string): Promise<unknown>;
}

async function open(t: TestContext, hasKeys: boolean): Promise<Square> {
  const dir = mkdtempSync(join(tmpdir(), 'bh-platform-'));
  const log = new PlatformLog(join(dir, 'log'));
  const die = { value: FALLS.none };
  const platform = new Platform(log, () => die.value);
  const url = await platform.listen();
  const channel = fakePlatformChannel('c', url, hasKeys);
  t.after(async () => {
    await channel.stop();
    await platform.close();
    rmSync(dir, { recursive: true });
  });
  return {
    channel,
    log,
    fall(on) {
      die.value = FALLS[on];
    },
    say: (id) =>
      fetch(`${url}/say`, { method: 'POST', body: JSON.stringify({ chat: 'c-1', id, text: 'hi' }) }),
  };
}

function words(text: string, change: Partial<OutgoingMessage> = {}): OutgoingMessage {
  const content = { kind: 'text', text, files: [], notice: false } as const;
  return { chat: 'c-1', thread: null, replyTo: null, content, key: 'k', maybeRepeat: false, ...change };
}

const kinds = ({ log }: Square): string[] => log.entries.map((entry: Entry) => entry.t);
const send = ({ channel }: Square, message: OutgoingMessage, signal = new AbortController().signal) =>
  channel.send(message, signal);

test('a message under a key is said once, however often it is sent', async (t) => {
  const square = await open(t, true);
  const first = await send(square, words('one'));
  assert.deepEqual(await send(square, words('one', { maybeRepeat: true })), first);
  assert.deepEqual(kinds(square), ['said', 'known key']);
});

test('without keys it is said as often as it is sent, and the second is marked', async (t) => {
  const square = await open(t, false);
  await send(square, words('one'));
  await send(square, words('one', { maybeRepeat: true }));
  const marks = square.log.entries.map((entry) => entry.t === 'said' && [entry.key, entry.marked]);
  assert.deepEqual(marks, [
    [null, false],
    [null, true],
  ]);
});

test('429 is a pause that the platform names, and nothing is said', async (t) => {
  const square = await open(t, true);
  square.fall('rate');
  await assert.rejects(send(square, words('one')), (error) => {
    return error instanceof RetryableError && error.retryAfterMs === 1_000;
  });
  assert.deepEqual(kinds(square), ['odd']);
});

test('500 leaves open whether it was said', async (t) => {
  const square = await open(t, true);
  square.fall('refused');
  await assert.rejects(send(square, words('one')), UnknownOutcomeError);
});

for (const [oddity, then] of [
  ['swallowed', ['odd', 'said']],
  ['stalled', ['odd']],
] as const) {
  test(`${oddity}: nobody answers, and the log tells which of both it was`, async (t) => {
    const square = await open(t, true);
    square.fall(oddity);
    const giveUp = new AbortController();
    const sending = send(square, words('one'), giveUp.signal);
    await square.log.until(() => kinds(square).length === then.length);
    giveUp.abort();
    await assert.rejects(sending, UnknownOutcomeError);
    assert.deepEqual(kinds(square), then);
  });
}

test('an answer that dribbles is an answer', async (t) => {
  const square = await open(t, true);
  square.fall('dribbled');
  assert.match((await send(square, words('one'))).platformMessageId ?? '', /^said-/);
});

test('an event that cannot be taken now is offered again, and is accepted once', async (t) => {
  const square = await open(t, true);
  const offered: string[] = [];
  await square.channel.start({
    async accept(event: ChannelEvent): Promise<Accepted> {
      offered.push(event.id);
      if (offered.length === 1) throw new Error('the disk is full');
      return { kind: 'accepted', event: event.id, sessions: [] };
    },
  });
  await square.say('e1');
  await square.log.until(() => kinds(square).includes('accepted'));
  assert.deepEqual(
    [offered, kinds(square)],
    [
      ['e1', 'e1'],
      ['event', 'accepted'],
    ],
  );
});

test('an event that is turned away is not offered again', async (t) => {
  const square = await open(t, true);
  await square.channel.start({ accept: async () => ({ kind: 'refused', reason: 'no' }) });
  await square.say('e1');
  await square.log.until(() => kinds(square).includes('turned away'));
  assert.deepEqual(kinds(square), ['event', 'turned away']);
});
