/** The real loop over real mailbox files in a folder of its own; the host is a function that takes frames. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Address, type MessageId, type NewMessage, NO_ROUTING, type TurnId } from '@bellhop/mailbox';
import { InboundMailbox } from '@bellhop/mailbox/host';
import { InboundReader, OutboundMailbox } from '@bellhop/mailbox/runner';
import { Bell } from '../src/bell.ts';
import { Cancel } from '../src/cancel.ts';
import type { Harness } from '../src/harness.ts';
import { runLoop } from '../src/loop.ts';
import type { RunnerConfig, RunnerFrame } from '../src/protocol.ts';

/** A row of the outbox, as the host will read it. */
export interface SentRow extends Address {
  readonly content: Readonly<Record<string, unknown>>;
  readonly inReplyTo: string | null;
}

export interface Room {
  readonly frames: RunnerFrame[];
  readonly cancel: Cancel;
  readonly outbound: OutboundMailbox;
  /** Words of a person under these ids, or what the change makes of them. */
  enqueue(
    ...messages: readonly (string | ({ readonly id: string } & Omit<Partial<NewMessage>, 'id'>))[]
  ): void;
  /** Runs until the agent has nothing to do, or the loop ends by itself. */
  work(run: Harness['run']): Promise<void>;
  /** Everything in the outbox, oldest first. */
  rows(): readonly SentRow[];
  /** Ids by number. */
  numbers(): ReadonlyMap<number, string>;
  /** A generation before this one has claimed all that is due, for one turn. */
  claimAll(turn: string): void;
  /** A file of the agent's. */
  write(name: string, bytes: string): void;
  close(): void;
}

/** @param routing of the session; none: each message is answered at its own address. */
export function openRoom(t: TestContext, routing: Address = NO_ROUTING, batchSize = 10): Room {
  const dir = mkdtempSync(join(tmpdir(), 'bh-loop-'));
  const [inDir, outDir, workDir] = ['in', 'out', 'work'].map((name) => join(dir, name)) as [
    string,
    string,
    string,
  ];
  for (const folder of [inDir, outDir, workDir]) mkdirSync(folder);
  const generation = 2;
  const outbound = OutboundMailbox.open(outDir, generation);
  const state = { open: true };
  const close = (): void => {
    if (!state.open) return;
    state.open = false;
    outbound.close();
    rmSync(dir, { recursive: true, force: true });
  };
  t.after(close);
  const inbox = <T>(act: (mailbox: InboundMailbox) => T): T => {
    const mailbox = InboundMailbox.open(inDir);
    try {
      return act(mailbox);
    } finally {
      mailbox.close();
    }
  };
  inbox((mailbox) => {
    if (routing.channel !== null) mailbox.prepare(routing, []);
  });
  const look = <T>(act: (reader: InboundReader) => T): T => {
    const reader = InboundReader.open(inDir);
    try {
      return act(reader);
    } finally {
      reader.close();
    }
  };
  const config: RunnerConfig = {
    ...{ session: 's', generation, harness: 'test', agentName: 'bell', mode: 'run', model: null },
    ...{ inDir, outDir, workDir, memoryDir: '', homeDir: '', extraDirs: [], skills: [] },
    ...{ socketPath: '', egressSocketPath: '', batchSize, contextRows: 5, maxFileBytes: 1_000_000 },
  };
  const cancel = new Cancel(0);
  const frames: RunnerFrame[] = [];
  return {
    frames,
    cancel,
    outbound,
    close,
    enqueue: (...messages) =>
      inbox((mailbox) =>
        mailbox.enqueue(
          messages.map((one) => {
            const { id, ...change } = typeof one === 'string' ? { id: one } : one;
            return { ...message(id), ...change };
          }),
        ),
      ),
    async work(run) {
      const bell = new Bell();
      const harness: Harness = { name: 'test', start: () => undefined, run };
      const emit = (frame: RunnerFrame): void => {
        frames.push(frame);
        if (frame.t === 'idle') bell.close();
      };
      await runLoop({ config, outbound, harness, bell, cancel, emit, now: Date.now });
    },
    rows() {
      const turns = new Set([...outbound.acks().values()].map((ack) => ack.turnId));
      return [...turns]
        .flatMap((turn) => (turn === null ? [] : outbound.sent(turn)))
        .sort((a, b) => a.seq - b.seq)
        .map(({ content, ...row }) => ({ ...row, content: JSON.parse(content) }));
    },
    numbers: () => look((reader) => new Map([...reader.due(Date.now())].map(({ seq, id }) => [seq, id]))),
    claimAll(turn) {
      const earlier = OutboundMailbox.open(outDir, generation - 1);
      earlier.claim(
        turn as TurnId,
        look((reader) => [...reader.due(Date.now())]),
        1,
      );
      earlier.close();
    },
    write: (name, bytes) => writeFileSync(join(workDir, name), bytes),
  };
}

function message(id: string): NewMessage {
  return {
    ...{ id: id as MessageId, kind: 'chat', timestampMs: 1, trigger: true, dueMs: 0 },
    content: JSON.stringify({ text: `text of ${id}` }),
    ...{ recurrence: null, seriesId: null, channel: 'terminal', chat: 'me', thread: null },
  };
}
