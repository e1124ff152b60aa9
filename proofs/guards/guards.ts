/**
 * Guards that are broken on purpose, each alone, to see that the simulator turns red without it. An edit takes the place
 * of words that stand in their file exactly once; tests/proofs/guards.test.ts holds that they do.
 */
import type { Edit } from '../copy/edits.ts';

export interface Guard {
  /** What is wrong without it. */
  readonly broken: string;
  readonly edits: readonly Edit[];
}

const ENGINE = 'packages/host/src/delivery/engine.ts';
const DELIVERIES = 'packages/host/src/store/deliveries.ts';
const OUTBOUND = 'packages/mailbox/src/runner/outbound.ts';
const BEGIN = '    await store.transaction((sql) => beginAttempt(sql, delivery, at.index, clock.now()));\n';
const SENT = "    point('host.sent');\n";
const ENQUEUED = '      const { added, gone } = await mailboxes.inbound(';
const CHECKED = '  const checked = await deps.checker.check(';
const ROWS = '    transaction(this.#db, () => {\n      for (const row of turn.rows)';
const ACCEPT = "event.kind === 'message' ? acceptMessage(channel, event) : acceptAnswer(channel, event)";

export const GUARDS: readonly Guard[] = [
  {
    broken: 'the attempt is written after the send',
    edits: [
      { file: ENGINE, from: BEGIN, to: '' },
      { file: ENGINE, from: SENT, to: BEGIN + SENT },
    ],
  },
  {
    broken: 'each attempt has an idempotency key of its own',
    edits: [{ file: ENGINE, from: `:\${at.index}\``, to: `:\${at.index}:\${at.attempts}\`` }],
  },
  {
    broken: 'an attempt that a dead host left open counts as not made',
    edits: [
      {
        file: DELIVERIES,
        from: "SET state = 'unknown' WHERE state = 'attempting'",
        to: "SET state = 'retry' WHERE state = 'attempting'",
      },
    ],
  },
  {
    broken: 'what a dead host left to be sent goes out newest first',
    edits: [
      { file: DELIVERIES, from: 'ORDER BY session_id, seq, created_ms', to: 'ORDER BY created_ms DESC' },
    ],
  },
  {
    broken: "a tool's row has a fresh id at each try",
    edits: [
      {
        file: 'packages/runner/src/turn-tools.ts',
        from: `\`\${call}#\${equal}\``,
        to: `\`\${call}#\${equal}#\${Math.random()}\``,
      },
    ],
  },
  {
    broken: 'a turn that is tried again has a fresh id',
    edits: [
      {
        file: 'packages/runner/src/loop.ts',
        from: 'batch.turnId ?? (randomUUIDv7() as TurnId)',
        to: 'randomUUIDv7() as TurnId',
      },
    ],
  },
  {
    broken: 'the acks of a turn are committed before its rows',
    edits: [
      { file: OUTBOUND, from: ROWS, to: `    transaction(this.#db, () => this.#ack(turn));\n${ROWS}` },
      { file: OUTBOUND, from: '      this.#ack(turn);\n      if (turn', to: '      if (turn' },
    ],
  },
  {
    broken: 'a start does not look at the due index',
    edits: [
      { file: 'packages/host/src/supervisor/supervisor.ts', from: '    await this.#due.start();\n', to: '' },
    ],
  },
  {
    broken: 'what a dead host left running goes on beside the next',
    edits: [
      { file: 'packages/host/src/supervisor/adoption.ts', from: '  await deps.stopLeftovers();\n', to: '' },
    ],
  },
  {
    broken: 'marked as enqueued before it is in the mailbox',
    edits: [
      {
        file: 'packages/host/src/sessions/enqueue.ts',
        from: ENQUEUED,
        to: `      await store.transaction((sql) => markEnqueued(sql, session.id, ids));\n${ENQUEUED}`,
      },
    ],
  },
  {
    broken: 'the platform is told before the commit',
    edits: [
      {
        file: 'packages/host/src/router/router.ts',
        from: `return ${ACCEPT};`,
        to: `return void (${ACCEPT}).catch(() => 0), Promise.resolve({ kind: 'accepted', event: event.id, sessions: [] });`,
      },
    ],
  },
  {
    broken: 'the watermark moves before the rows are copied',
    edits: [
      {
        file: 'packages/host/src/supervisor/sweep.ts',
        from: CHECKED,
        to: `  await deps.mailboxes.inbound(session, (mailbox) =>
    mailbox.settle({ changes: [], watermarks: { rows_through: snapshot.rows.at(-1)?.seq ?? 0 } }));\n${CHECKED}`,
      },
    ],
  },
  {
    broken: 'a message that is there is enqueued anew',
    edits: [
      {
        file: 'packages/mailbox/src/host/inbound.ts',
        from: '?, ?, ?, ?) ON CONFLICT (id) DO NOTHING',
        to: '?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET seq = excluded.seq',
      },
    ],
  },
  {
    broken: 'charged again for one generation (two guards, as each stands behind the other)',
    edits: [
      {
        file: 'packages/mailbox/src/host/decisions.ts',
        from: '  if (row.chargedGeneration >= generation) return null;\n',
        to: '',
      },
      {
        file: 'packages/host/src/supervisor/sweep.ts',
        from: 'return row?.attempt === claim.attempt ? row : undefined;',
        to: 'return row;',
      },
    ],
  },
];
