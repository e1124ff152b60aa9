/**
 * Session files as NanoClaw v2 left them on disk, of every shape that is known: the tables by the columns that each
 * version had, filled with one session's life. Statements are NanoClaw's, not ours; nothing of the library is used.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Folder } from './support.ts';

export interface Shape {
  readonly name: string;
  /** Columns added to messages_in after the first version. */
  readonly inbound: readonly string[];
  readonly delivered: readonly string[];
  readonly destinations: readonly string[];
  readonly outbound: readonly string[];
  readonly tables: readonly string[];
}

const BASE_IN = `id TEXT PRIMARY KEY, seq INTEGER UNIQUE, kind TEXT NOT NULL, timestamp TEXT NOT NULL,
  status TEXT DEFAULT 'pending', process_after TEXT, recurrence TEXT, tries INTEGER DEFAULT 0, platform_id TEXT,
  channel_type TEXT, thread_id TEXT, content TEXT NOT NULL`;
const SERIES = 'series_id TEXT';
const TRIGGER = 'trigger INTEGER NOT NULL DEFAULT 1';
const SOURCE = 'source_session_id TEXT';
const ON_WAKE = 'on_wake INTEGER NOT NULL DEFAULT 0';
const RECEIPT = ['platform_message_id TEXT', "status TEXT NOT NULL DEFAULT 'delivered'"];
const STATE =
  "CREATE TABLE session_state (key TEXT PRIMARY KEY, value TEXT NOT NULL, updated_at TEXT NOT NULL DEFAULT '')";
const CONTAINER = `CREATE TABLE container_state (id INTEGER PRIMARY KEY CHECK (id = 1), current_tool TEXT,
  tool_declared_timeout_ms INTEGER, tool_started_at TEXT, updated_at TEXT NOT NULL)`;

const FULL = {
  inbound: [SERIES, TRIGGER, SOURCE, ON_WAKE],
  delivered: RECEIPT,
  destinations: [],
  outbound: [],
  tables: [STATE, CONTAINER],
};

export const SHAPES: readonly Shape[] = [
  { ...FULL, name: 'the oldest', inbound: [], delivered: [], tables: [] },
  { ...FULL, name: 'with series only', inbound: [SERIES], delivered: RECEIPT.slice(0, 1), tables: [STATE] },
  { ...FULL, name: 'before on_wake', inbound: [SERIES, TRIGGER, SOURCE] },
  { ...FULL, name: 'of v2.0.64' },
  {
    name: 'newer than any that we know',
    inbound: [...FULL.inbound, "mood TEXT DEFAULT 'fine'", 'score REAL NOT NULL DEFAULT 1.5'],
    delivered: [...RECEIPT, 'pieces INTEGER'],
    destinations: ['thread_id_override TEXT'],
    outbound: ["priority TEXT DEFAULT 'high'"],
    tables: [STATE, CONTAINER, 'CREATE TABLE reactions (id TEXT PRIMARY KEY, emoji TEXT)'],
  },
];

export function make(path: string, ...statements: readonly string[]): void {
  mkdirSync(dirname(path), { recursive: true });
  const db = new DatabaseSync(path);
  for (const statement of statements) db.exec(statement);
  db.close();
}

/** A message, a task, a message put off in SQLite's form of time, one that is over, context where the shape has it. */
export function inboundStatements(shape: Shape): string[] {
  const table = (name: string, base: string, more: readonly string[]) =>
    `CREATE TABLE ${name} (${[base, ...more].join(', ')})`;
  const has = (column: string) => shape.inbound.includes(column);
  const row = (id: string, seq: number | null, rest: string) =>
    `INSERT INTO messages_in (id, seq, kind, timestamp, status, process_after, recurrence, tries, content)
     VALUES ('${id}', ${seq}, ${rest})`;
  return [
    table('messages_in', BASE_IN, shape.inbound),
    table('delivered', 'message_out_id TEXT PRIMARY KEY, delivered_at TEXT NOT NULL', shape.delivered),
    table(
      'destinations',
      'name TEXT PRIMARY KEY, display_name TEXT, type TEXT NOT NULL, channel_type TEXT, platform_id TEXT, agent_group_id TEXT',
      shape.destinations,
    ),
    'CREATE TABLE session_routing (id INTEGER PRIMARY KEY CHECK (id = 1), channel_type TEXT, platform_id TEXT, thread_id TEXT)',
    row('over', 2, `'chat', '2026-03-01 11:00:00', 'completed', NULL, NULL, 0, '{"text":"over"}'`),
    row('now', 4, `'chat', '2026-03-01 11:30:00', 'pending', NULL, NULL, 1, '{"text":"now"}'`),
    row('put-off', 6, `'chat', '2026-03-01 11:31:00', 'pending', '2026-03-01 12:00:10', NULL, 2, '{}'`),
    row(
      'task',
      8,
      `'task', '2026-03-01T11:32:00.000Z', 'pending', '2026-03-01T13:00:00.000Z', '0 9 * * *', 0, '{}'`,
    ),
    row('paused', 10, `'task', '2026-03-01 11:33:00', 'paused', '2026-03-01 12:00:00', '0 9 * * *', 0, '{}'`),
    row('dead', 12, `'chat', '2026-03-01 11:34:00', 'failed', NULL, NULL, 5, '{}'`),
    row('acked', 14, `'chat', '2026-03-01 11:35:00', 'pending', NULL, NULL, 0, '{}'`),
    row('held', 16, `'chat', '2026-03-01 11:36:00', 'pending', NULL, NULL, 3, '{}'`),
    ...(has(SERIES)
      ? [
          "UPDATE messages_in SET series_id = id WHERE id <> 'task'",
          "UPDATE messages_in SET series_id = 'first' WHERE id = 'task'",
        ]
      : []),
    ...(has(TRIGGER) ? ["UPDATE messages_in SET trigger = 0 WHERE id = 'now'"] : []),
    ...(has(ON_WAKE) ? ["UPDATE messages_in SET on_wake = 1 WHERE id = 'put-off'"] : []),
    "INSERT INTO delivered (message_out_id, delivered_at) VALUES ('sent', '2026-03-01 11:00:05'), ('refused', '2026-03-01 11:00:06')",
    "INSERT INTO destinations (name, type, channel_type, platform_id) VALUES ('family', 'channel', 'telegram', '-1')",
    "INSERT INTO session_routing VALUES (1, 'telegram', '-1', NULL)",
  ];
}

export function outboundStatements(shape: Shape): string[] {
  const row = (id: string, seq: number, deliverAfter: string, text: string) =>
    `INSERT INTO messages_out (id, seq, in_reply_to, timestamp, deliver_after, kind, platform_id, channel_type, content)
     VALUES ('${id}', ${seq}, 'over', '2026-03-01 11:00:01', ${deliverAfter}, 'chat', '-1', 'telegram', '{"text":"${text}"}')`;
  const state = (key: string) => `INSERT INTO session_state (key, value) VALUES ('${key}', 'conversation-7')`;
  return [
    `CREATE TABLE messages_out (${[
      'id TEXT PRIMARY KEY, seq INTEGER UNIQUE, in_reply_to TEXT, timestamp TEXT NOT NULL, deliver_after TEXT',
      'recurrence TEXT, kind TEXT NOT NULL, platform_id TEXT, channel_type TEXT, thread_id TEXT, content TEXT NOT NULL',
      ...shape.outbound,
    ].join(', ')})`,
    'CREATE TABLE processing_ack (message_id TEXT PRIMARY KEY, status TEXT NOT NULL, status_changed TEXT NOT NULL)',
    ...shape.tables,
    row('sent', 3, 'NULL', 'sent'),
    row('refused', 5, 'NULL', 'refused'),
    row('waiting', 17, 'NULL', 'waiting'),
    // An even number, as the host itself once wrote them (R1).
    row('later', 18, "'2026-03-01 12:30:00'", 'later'),
    "INSERT INTO processing_ack VALUES ('over', 'completed', '2026-03-01 11:00:02'), ('acked', 'completed', '2026-03-01 11:35:09'), ('held', 'processing', '2026-03-01 11:36:05')",
    ...(shape.tables.includes(STATE)
      ? [state(shape.name === 'with series only' ? 'sdk_session_id' : 'continuation:claude')]
      : []),
    ...(shape.tables.includes(CONTAINER)
      ? [
          "INSERT INTO container_state VALUES (1, 'Bash', 600000, '2026-03-01 11:36:06', '2026-03-01 11:36:06')",
        ]
      : []),
  ];
}

export function makeSession(folder: Folder, shape: Shape, ...more: readonly string[]): void {
  make(folder.inbound, ...inboundStatements(shape), ...more);
  make(folder.outbound, ...outboundStatements(shape));
}
