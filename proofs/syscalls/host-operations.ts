/** The host's steps: its store is made, an event is accepted, a message enqueued, an end settled, a file taken out. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MessageEvent } from '../../packages/channels/src/index.ts';
import { createAccessGate } from '../../packages/host/src/access/gate.ts';
import { createRouter } from '../../packages/host/src/router/router.ts';
import { createEnqueuer } from '../../packages/host/src/sessions/enqueue.ts';
import { createMailboxes } from '../../packages/host/src/sessions/mailboxes.ts';
import { addAgent, addUser, addWiring } from '../../packages/host/src/store/agents.ts';
import { targetsOf } from '../../packages/host/src/store/events.ts';
import type { Store } from '../../packages/host/src/store/port.ts';
import { findOrOpenSession } from '../../packages/host/src/store/sessions.ts';
import { openStore } from '../../packages/host/src/store/sqlite.ts';
import type { AgentId, Log, Session, SessionId } from '../../packages/host/src/types.ts';
import { InboundMailbox } from '../../packages/mailbox/src/host/index.ts';
import type { MessageId, OutboundId } from '../../packages/mailbox/src/index.ts';
import { InboundReader } from '../../packages/mailbox/src/runner/index.ts';
import { NOW_MS, type Operation } from './operation.ts';

export const SILENT: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };
export const CHANNEL = 'fake';
export const MESSAGE = 'm1' as MessageId;
const SPEAKER = 'fake:speaker';
const AGENT = { id: 'bell' as AgentId, name: 'bell', harness: 'demo' };
const BYTES = 'the bytes of a file\n'.repeat(2_000);
const LIMITS = { maxFileBytes: 1_000_000, maxValueBytes: 100_000, maxRows: 100 };

export async function inStore<T>(dir: string, work: (store: Store) => Promise<T>): Promise<T> {
  const store = openStore(join(dir, 'bellhop.db'));
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** A store with an agent, its owner and one wired chat. */
export function furnish(dir: string): Promise<void> {
  return inStore(dir, (store) =>
    store.transaction(async (sql) => {
      await addAgent(sql, AGENT, NOW_MS);
      await addUser(sql, SPEAKER, 'owner');
      const modes = { engageMode: 'always', sessionMode: 'per-thread' } as const;
      await addWiring(sql, { channel: CHANNEL, chat: 'chat', agent: AGENT.id, ...modes });
    }),
  );
}

export function sessionIn(store: Store): Promise<Session> {
  const wanted = {
    agent: AGENT.id,
    mode: 'per-thread',
    channel: CHANNEL,
    chat: 'chat',
    thread: null,
  } as const;
  return store.transaction((sql) => findOrOpenSession(sql, wanted, 's1' as SessionId, NOW_MS));
}

function accept(dir: string, withFile: boolean): Promise<void> {
  return inStore(dir, async (store) => {
    const router = createRouter({
      store,
      access: createAccessGate(store),
      clock: { now: () => NOW_MS, after: () => () => undefined },
      log: SILENT,
      newSessionId: () => 's1' as SessionId,
      nudge: () => undefined,
      commands: [],
      delivery: { send: async () => undefined },
      answered: () => undefined,
      journal: async () => undefined,
    });
    const path = join(dir, 'spooled');
    const file = { name: 'note.txt', mimeType: 'text/plain', size: BYTES.length, path };
    const event: MessageEvent = {
      id: MESSAGE,
      kind: 'message',
      chat: 'chat',
      thread: null,
      sender: { id: SPEAKER, name: 'Someone' },
      sentAt: NOW_MS,
      text: 'hello',
      files: withFile ? [file] : [],
      isMention: true,
      isGroup: false,
    };
    assert.equal((await router.accept(CHANNEL, event)).kind, 'accepted');
  });
}

const makeStore: Operation = {
  name: 'make the store',
  prepare: async () => undefined,
  act: furnish,
  check: (dir) => acceptOnce.act(dir, 1).then(() => acceptOnce.check(dir)),
};

const acceptOnce: Operation = {
  name: 'accept',
  prepare: furnish,
  // The platform was not told, so it offers the event again.
  act: (dir) => accept(dir, false),
  check: (dir) =>
    inStore(dir, async (store) => {
      const count = async (table: string) =>
        Number((await store.read.all(`SELECT count(*) AS n FROM ${table}`))[0]?.n);
      for (const table of ['events', 'targets', 'sessions', 'due'])
        assert.equal(await count(table), 1, table);
      assert.equal((await targetsOf(store.read, CHANNEL, MESSAGE))[0]?.state, 'accepted');
    }),
};

const mailboxesIn = (dir: string) => createMailboxes({ dataDir: dir, user: null }, LIMITS);

const enqueue: Operation = {
  name: 'enqueue, with a file',
  async prepare(dir) {
    await furnish(dir);
    writeFileSync(join(dir, 'spooled'), BYTES);
    await accept(dir, true);
  },
  act: (dir) =>
    inStore(dir, async (store) => {
      const mailboxes = mailboxesIn(dir);
      const enqueuer = createEnqueuer({ store, mailboxes, folders: { dataDir: dir, user: null } });
      await enqueuer.enqueue(await sessionIn(store), () => undefined);
    }),
  check: (dir) =>
    inStore(dir, async (store) => {
      assert.equal((await targetsOf(store.read, CHANNEL, MESSAGE))[0]?.state, 'enqueued');
      const { inDir } = mailboxesIn(dir).paths(await sessionIn(store));
      const reader = InboundReader.open(inDir);
      const rows = [...reader.due(NOW_MS)];
      reader.close();
      assert.deepEqual(
        rows.map(({ id, seq }) => [id, seq]),
        [[MESSAGE, 2]],
      );
      const { attachments } = JSON.parse(rows[0]?.content ?? '') as { attachments: { localPath: string }[] };
      assert.equal(readFileSync(join(inDir, attachments[0]?.localPath ?? ''), 'utf8'), BYTES);
    }),
};

function withInbound<T>(dir: string, work: (mailbox: InboundMailbox) => T): T {
  const mailbox = InboundMailbox.open(dir);
  try {
    return work(mailbox);
  } finally {
    mailbox.close();
  }
}

/** A mailbox with one message that waits. */
export function withMessage(dir: string): void {
  mkdirSync(join(dir, 'in'));
  mkdirSync(join(dir, 'out'));
  withInbound(join(dir, 'in'), (mailbox) =>
    mailbox.enqueue([
      {
        id: MESSAGE,
        kind: 'chat',
        timestampMs: NOW_MS,
        content: JSON.stringify({ text: 'hello' }),
        trigger: true,
        dueMs: 0,
        recurrence: null,
        seriesId: null,
        channel: CHANNEL,
        chat: 'chat',
        thread: null,
      },
    ]),
  );
}

const settle: Operation = {
  name: 'settle, with a receipt',
  prepare: async (dir) => withMessage(dir),
  act: async (dir) =>
    withInbound(join(dir, 'in'), (mailbox) => {
      mailbox.settle({
        changes: [{ kind: 'completed', id: MESSAGE, attempt: 1 }],
        receipts: [
          { outboundId: 'o1' as OutboundId, platformMessageId: 'p1', status: 'delivered', atMs: NOW_MS },
        ],
        watermarks: { acks_through: 1, rows_through: 3 },
      });
    }),
  async check(dir) {
    const reader = InboundReader.open(join(dir, 'in'));
    const seen = [
      reader.isPending(MESSAGE),
      reader.hasReceipt('o1' as OutboundId),
      reader.watermark('acks_through'),
      reader.watermark('rows_through'),
    ];
    reader.close();
    assert.deepEqual(seen, [false, true, 1, 3]);
  },
};

const takeOut: Operation = {
  name: 'take out a file',
  async prepare(dir) {
    await furnish(dir);
    await inStore(dir, async (store) => {
      const { outDir } = mailboxesIn(dir).paths(await sessionIn(store));
      mkdirSync(join(outDir, 'files', 'o1'), { recursive: true });
      writeFileSync(join(outDir, 'files', 'o1', 'note.txt'), BYTES);
    });
  },
  act: (dir) =>
    inStore(dir, async (store) => {
      const taken = await mailboxesIn(dir).takeFile(
        await sessionIn(store),
        'o1' as OutboundId,
        'note.txt',
        1_000_000,
      );
      assert.equal(taken.kind, 'taken');
    }),
  check: async (dir) => assert.equal(readFileSync(join(dir, 'files', 's1', 'o1', 'note.txt'), 'utf8'), BYTES),
};

export const hostOperations: readonly Operation[] = [makeStore, acceptOnce, enqueue, settle, takeOut];
