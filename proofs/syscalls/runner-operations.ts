/** The runner's steps: its file is made, a message is claimed, a tool sends words and a file, a turn is committed. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readOutbound } from '../../packages/mailbox/src/host/index.ts';
import { NO_ROUTING, type OutboundId, type TurnId } from '../../packages/mailbox/src/index.ts';
import { InboundReader, OutboundMailbox } from '../../packages/mailbox/src/runner/index.ts';
import { Turn } from '../../packages/runner/src/turn-tools.ts';
import { CHANNEL, MESSAGE, withMessage } from './host-operations.ts';
import { NOW_MS, type Operation } from './operation.ts';

const TURN = 'turn-1' as TurnId;
const BYTES = 'what the agent made\n'.repeat(2_000);
const LIMITS = { maxFileBytes: 1_000_000, maxValueBytes: 100_000, maxRows: 100 };

/** The message as this life's runner sees it. */
function messageIn(dir: string) {
  const reader = InboundReader.open(join(dir, 'in'));
  try {
    const [row] = reader.due(NOW_MS);
    if (!row) throw new Error('the message is not due');
    return row;
  } finally {
    reader.close();
  }
}

/** As a runner's start does it: what a dead one left half-written is rolled back first. */
function withOutbound<T>(dir: string, life: number, work: (outbound: OutboundMailbox) => T): T {
  const outbound = OutboundMailbox.open(join(dir, 'out'), life);
  try {
    outbound.recover(NOW_MS);
    return work(outbound);
  } finally {
    outbound.close();
  }
}

/** What the host reads of it; it must be whole. */
function snapshot(dir: string) {
  const read = readOutbound(join(dir, 'out'), { ackSeq: 0, rowSeq: 0 }, LIMITS);
  assert.equal(read.kind, 'ok', JSON.stringify(read));
  return read.kind === 'ok' ? read.snapshot : null;
}

const make: Operation = {
  name: 'make outbound.db',
  prepare: async (dir) => withMessage(dir),
  act: async (dir, life) => withOutbound(dir, life, () => undefined),
  check: async (dir) => assert.deepEqual([snapshot(dir)?.rows, snapshot(dir)?.acks], [[], []]),
};

const made = async (dir: string) => {
  withMessage(dir);
  withOutbound(dir, 0, () => undefined);
};

const claim: Operation = {
  name: 'claim',
  prepare: made,
  act: async (dir, life) =>
    withOutbound(dir, life, (outbound) => outbound.claim(TURN, [messageIn(dir)], NOW_MS)),
  check: async (dir) =>
    assert.deepEqual(
      snapshot(dir)?.claims.map(({ messageId, generation }) => [messageId, generation]),
      [[MESSAGE, 2]],
    ),
};

const claimed = async (dir: string) => {
  await made(dir);
  withOutbound(dir, 0, (outbound) => outbound.claim(TURN, [messageIn(dir)], NOW_MS));
  mkdirSync(join(dir, 'work'));
  writeFileSync(join(dir, 'work', 'note.txt'), BYTES);
};

const toolSend: Operation = {
  name: 'tool send, words and a file',
  prepare: claimed,
  async act(dir, life) {
    const outbound = OutboundMailbox.open(join(dir, 'out'), life);
    outbound.recover(NOW_MS);
    const turn = new Turn({
      turnId: TURN,
      messages: [messageIn(dir)],
      routing: NO_ROUTING,
      claimFollowUps: async () => [],
      signal: new AbortController().signal,
      inDir: join(dir, 'in'),
      outDir: join(dir, 'out'),
      workDir: join(dir, 'work'),
      maxFileBytes: 1_000_000,
      outbound,
      emit: () => undefined,
      now: () => NOW_MS,
    });
    await turn.send('words');
    await turn.sendFile('note.txt', 'a file');
    outbound.close();
  },
  async check(dir) {
    const rows = snapshot(dir)?.rows ?? [];
    const said = rows.map(({ content }) => (JSON.parse(content) as { text: string }).text);
    assert.deepEqual(said, ['words', 'a file']);
    const bytes = readFileSync(join(dir, 'out', 'files', rows[1]?.id ?? '', 'note.txt'), 'utf8');
    assert.equal(bytes, BYTES);
  },
};

const turnCommit: Operation = {
  name: 'turn commit',
  prepare: claimed,
  act: async (dir, life) =>
    withOutbound(dir, life, (outbound) => {
      // All of it or nothing (M6): a next life that finds the answer finds the ack and the memory too, and rests.
      const rows = outbound.sent(TURN).length;
      const isAcked = outbound.acks().get(MESSAGE)?.status === 'completed';
      const isKept = outbound.state('continuation:demo') === 'kept';
      assert.ok(rows === 0 ? !isAcked && !isKept : rows === 2 && isAcked && isKept, 'half a turn');
      if (isAcked) return;
      outbound.commitTurn({
        turnId: TURN,
        rows: [0, 1].map((n) => ({
          id: `${TURN}-${n}` as OutboundId,
          inReplyTo: MESSAGE,
          kind: 'chat',
          content: JSON.stringify({ text: 'long words '.repeat(1_000) }),
          dueMs: 0,
          channel: CHANNEL,
          chat: 'chat',
          thread: null,
        })),
        acks: [{ message: messageIn(dir), status: 'completed' }],
        continuation: { key: 'continuation:demo', value: 'kept' },
        prune: { acksThrough: 0, rowsThrough: 0 },
        inboundSeq: 2,
        nowMs: NOW_MS,
      });
    }),
  async check(dir) {
    const seen = snapshot(dir);
    assert.deepEqual(
      seen?.rows.map(({ seq }) => seq),
      [3, 5],
    );
    assert.deepEqual(
      seen?.acks.map(({ messageId, status }) => [messageId, status]),
      [[MESSAGE, 'completed']],
    );
    assert.deepEqual(seen?.claims, []);
  },
};

export const runnerOperations: readonly Operation[] = [make, claim, toolSend, turnCommit];
