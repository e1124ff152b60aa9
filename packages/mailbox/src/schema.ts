/**
 * The tables of both files, as they are on disk. Names and meaning are NanoClaw v2's; what stands behind the `ours`
 * marks was added. `PRAGMA user_version` tells the version; 0 with tables in it is a NanoClaw file.
 *
 * The host accepts an outbound.db only if its schema is this text to the letter (M10), so nothing here says
 * IF NOT EXISTS: SQLite stores the statement as it is written.
 */

export const SCHEMA_VERSION = 1;

export const INBOUND_DDL: readonly string[] = [
  `CREATE TABLE messages_in (
  id                 TEXT PRIMARY KEY,
  seq                INTEGER UNIQUE,
  kind               TEXT NOT NULL,
  timestamp          TEXT NOT NULL,
  status             TEXT DEFAULT 'pending',
  process_after      TEXT,
  recurrence         TEXT,
  series_id          TEXT,
  tries              INTEGER DEFAULT 0,
  trigger            INTEGER NOT NULL DEFAULT 1,
  platform_id        TEXT,
  channel_type       TEXT,
  thread_id          TEXT,
  content            TEXT NOT NULL,
  source_session_id  TEXT,
  on_wake            INTEGER NOT NULL DEFAULT 0,
  -- ours
  due_ms             INTEGER NOT NULL DEFAULT 0,
  attempt            INTEGER NOT NULL DEFAULT 1,
  releases           INTEGER NOT NULL DEFAULT 0,
  charged_generation INTEGER NOT NULL DEFAULT 0,
  ended_reason       TEXT
)`,
  'CREATE INDEX idx_messages_in_series ON messages_in(series_id)',
  // Partial, so that what waits is found without a look at what is over (M12).
  `CREATE INDEX idx_messages_in_due ON messages_in(due_ms, seq) WHERE status = 'pending' AND trigger = 1`,
  `CREATE INDEX idx_messages_in_context ON messages_in(seq) WHERE status = 'pending' AND trigger = 0`,
  `CREATE TABLE delivered (
  message_out_id      TEXT PRIMARY KEY,
  platform_message_id TEXT,
  status              TEXT NOT NULL DEFAULT 'delivered',
  delivered_at        TEXT NOT NULL
)`,
  `CREATE TABLE destinations (
  name           TEXT PRIMARY KEY,
  display_name   TEXT,
  type           TEXT NOT NULL,
  channel_type   TEXT,
  platform_id    TEXT,
  agent_group_id TEXT
)`,
  `CREATE TABLE session_routing (
  id           INTEGER PRIMARY KEY CHECK (id = 1),
  channel_type TEXT,
  platform_id  TEXT,
  thread_id    TEXT
)`,
  // Ours: how far the host has got in outbound.db; the runner prunes up to here (M1).
  `CREATE TABLE watermarks (
  name  TEXT PRIMARY KEY,
  value INTEGER NOT NULL
)`,
];

export const OUTBOUND_DDL: readonly string[] = [
  `CREATE TABLE messages_out (
  id            TEXT PRIMARY KEY,
  seq           INTEGER UNIQUE,
  in_reply_to   TEXT,
  timestamp     TEXT NOT NULL,
  deliver_after TEXT,
  recurrence    TEXT,
  kind          TEXT NOT NULL,
  platform_id   TEXT,
  channel_type  TEXT,
  thread_id     TEXT,
  content       TEXT NOT NULL,
  -- ours
  due_ms        INTEGER NOT NULL DEFAULT 0,
  turn_id       TEXT
)`,
  `CREATE TABLE processing_ack (
  message_id     TEXT PRIMARY KEY,
  status         TEXT NOT NULL,
  status_changed TEXT NOT NULL,
  -- ours
  attempt        INTEGER NOT NULL DEFAULT 1,
  generation     INTEGER NOT NULL DEFAULT 0,
  turn_id        TEXT,
  ack_seq        INTEGER NOT NULL DEFAULT 0,
  error_class    TEXT,
  error          TEXT,
  retry_after_ms INTEGER
)`,
  `CREATE TABLE session_state (
  key        TEXT PRIMARY KEY,
  value      TEXT NOT NULL,
  updated_at TEXT NOT NULL
)`,
  `CREATE TABLE container_state (
  id                       INTEGER PRIMARY KEY CHECK (id = 1),
  current_tool             TEXT,
  tool_declared_timeout_ms INTEGER,
  tool_started_at          TEXT,
  updated_at               TEXT NOT NULL
)`,
];
