/** Where those who watch are told of a turn: in the thread that it is about, also in a session of many threads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TurnId } from '@bellhop/mailbox';
import { Watchers } from '../../src/api/stream.ts';
import { createWatcher } from '../../src/api/watcher.ts';
import type { TurnLedger } from '../../src/supervisor/port.ts';
import type { Session } from '../../src/types.ts';
import { FakeChannel } from '../fake-channel.ts';
import { MemoryLog } from '../store-world.ts';
import { settle } from '../until.ts';

const THREADS: Readonly<Record<string, string>> = { a: 't1', b: 't2' };

function watched(mode: Session['mode'], threadOf = async (_: Session, id: string) => THREADS[id] ?? null) {
  const watchers = new Watchers();
  const channel = new FakeChannel({}, 'web');
  const log = new MemoryLog();
  const watcher = createWatcher({
    watchers,
    connections: { typing: (_, chat, thread, on) => channel.typing(chat, thread, on) },
    ...{ sandbox: 'none', threadOf, log },
  });
  const session = { id: 's', channel: 'web', chat: 'c', thread: null, mode } as Session;
  const told: string[] = [];
  for (const thread of ['main', 't1', 't2'])
    watchers.watch({ channel: 'web', chat: 'c', thread }, (one) => void told.push(`${thread} ${one.type}`));
  return { watcher, session, told, channel, log };
}

const turn = (id: string): TurnLedger => ({
  ...{ turn: `turn-${id}` as TurnId, messages: [id], generation: 1, startedMs: 0, tools: [], usage: null },
});

test('a shared session’s turn is shown in its thread, with its end, and then the next one in another', async () => {
  const { watcher, session, told, channel } = watched('shared');
  for (const id of ['a', 'b']) {
    watcher.ledger(session, turn(id));
    watcher.receipt(session, id, 'at work', null);
    watcher.typing(session, true);
    watcher.live(session, `turn-${id}` as TurnId, 'words ', false);
    watcher.receipt(session, 'a', 'answered', null);
    watcher.ledger(session, null);
    watcher.typing(session, false);
  }
  await settle();
  assert.deepEqual(told, [
    ...['t1 ledger', 't1 receipt', 't1 live', 't1 receipt', 't1 ledger'],
    ...['t2 ledger', 't2 receipt', 't2 live', 't1 receipt', 't2 ledger'],
  ]);
  assert.deepEqual(channel.typed, ['c/t1 on', 'c/t1 off', 'c/t2 on', 'c/t2 off']);
});

test('a session of one thread is told of at once, and nothing is looked up', () => {
  const { watcher, session, told } = watched('per-thread', () => assert.fail('looked up'));
  watcher.ledger(session, turn('a'));
  watcher.receipt(session, 'a', 'at work', null);
  assert.deepEqual(told, ['main ledger', 'main receipt']);
});

test('a look-up that fails is logged, and what comes behind it is told', async () => {
  const { watcher, session, told, log } = watched('shared', async (_, id) => {
    if (id === 'a') throw new Error('its mailbox is locked');
    return 't2';
  });
  watcher.receipt(session, 'a', 'accepted', null);
  watcher.receipt(session, 'b', 'accepted', null);
  await settle();
  assert.deepEqual(told, ['t2 receipt']);
  assert.match(JSON.stringify(log.lines), /its mailbox is locked/);
});

test('a text that takes the place of what was shown is told as such, also when it is empty, and to who comes later', async () => {
  const watchers = new Watchers();
  const log = new MemoryLog();
  const threadOf = () => assert.fail('looked up');
  const connections = { typing: () => undefined };
  const watcher = createWatcher({ watchers, connections, sandbox: 'none', threadOf, log });
  const session = { id: 's', channel: 'web', chat: 'c', thread: null, mode: 'per-thread' } as Session;
  const key = { channel: 'web', chat: 'c', thread: 'main' };
  const told: unknown[] = [];
  watchers.watch(key, (one) => void told.push(one));
  const id = 'turn' as TurnId;
  watcher.live(session, id, 'a thought ', false);
  watcher.live(session, id, '', true);
  assert.deepEqual(told.at(-1), { type: 'live', turn: id, text: '', whole: true });
  watcher.live(session, id, 'The ', true);
  watcher.live(session, id, 'answer', false);
  assert.deepEqual(watchers.caughtUp(key), [{ type: 'live', whole: true, turn: id, text: 'The answer' }]);
});
