/**
 * The tables of the central store, as the steps that made them: a store of version N has had the first N. Data on disk
 * stays, so a step that was released is never changed; what comes later is a step of its own. Times are milliseconds
 * since the epoch.
 */
import { APPROVALS } from './schema-approvals.ts';
import { AFTERCARE, LIFE } from './schema-life.ts';

const FIRST_TABLES: readonly string[] = [
  `CREATE TABLE settings (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
)`,
  `CREATE TABLE agents (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE,
  harness    TEXT NOT NULL,
  created_ms BIGINT NOT NULL
)`,
  `CREATE TABLE chats (
  id          TEXT PRIMARY KEY,
  channel     TEXT NOT NULL,
  platform_id TEXT NOT NULL,
  UNIQUE (channel, platform_id)
)`,
  `CREATE TABLE wirings (
  chat_id      TEXT NOT NULL REFERENCES chats (id),
  agent_id     TEXT NOT NULL REFERENCES agents (id),
  engage_mode  TEXT NOT NULL,
  session_mode TEXT NOT NULL,
  PRIMARY KEY (chat_id, agent_id)
)`,
  // Users are ids that a platform authenticated; a role without an agent holds for all of them.
  `CREATE TABLE users (
  id   TEXT PRIMARY KEY,
  role TEXT NOT NULL
)`,
  // The key says what the mode keeps apart; UNIQUE makes "find or open" one statement (R9, R10).
  `CREATE TABLE sessions (
  id           TEXT PRIMARY KEY,
  agent_id     TEXT NOT NULL REFERENCES agents (id),
  session_mode TEXT NOT NULL,
  session_key  TEXT NOT NULL,
  channel      TEXT NOT NULL,
  chat         TEXT NOT NULL,
  thread       TEXT,
  state        TEXT NOT NULL,
  state_reason TEXT,
  created_ms   BIGINT NOT NULL,
  UNIQUE (agent_id, session_mode, session_key)
)`,
  // One row per accepted event. Kept 30 days: a redelivery is known by its id.
  `CREATE TABLE events (
  channel     TEXT NOT NULL,
  id          TEXT NOT NULL,
  accepted_ms BIGINT NOT NULL,
  PRIMARY KEY (channel, id)
)`,
  'CREATE INDEX events_by_age ON events (accepted_ms)',
  // What became of an event in each session it went to.
  `CREATE TABLE targets (
  session_id TEXT NOT NULL REFERENCES sessions (id),
  message_id TEXT NOT NULL,
  channel    TEXT NOT NULL,
  state      TEXT NOT NULL,
  reason     TEXT,
  row_json   TEXT,
  PRIMARY KEY (session_id, message_id)
)`,
  'CREATE INDEX targets_by_event ON targets (channel, message_id)',
  `CREATE INDEX targets_accepted ON targets (session_id) WHERE state = 'accepted'`,
  `CREATE INDEX targets_open ON targets (state) WHERE state IN ('accepted', 'enqueued')`,
  // When each session next needs the host (design.md §4). Written before the row that it announces.
  `CREATE TABLE due (
  session_id TEXT PRIMARY KEY REFERENCES sessions (id),
  due_ms     BIGINT NOT NULL
)`,
  'CREATE INDEX due_by_time ON due (due_ms)',
  `CREATE TABLE generations (
  session_id TEXT NOT NULL REFERENCES sessions (id),
  number     INTEGER NOT NULL,
  state      TEXT NOT NULL,
  mark       TEXT NOT NULL,
  identity   TEXT,
  started_ms BIGINT NOT NULL,
  ready      INTEGER NOT NULL,
  costs      INTEGER NOT NULL,
  ended_ms   BIGINT,
  reason     TEXT,
  PRIMARY KEY (session_id, number)
)`,
  // Not settled: still to be looked after.
  `CREATE INDEX generations_open ON generations (session_id) WHERE state <> 'settled'`,
  // The host's own, checked copies of outbound rows (M13).
  `CREATE TABLE deliveries (
  session_id  TEXT NOT NULL REFERENCES sessions (id),
  out_id      TEXT NOT NULL,
  seq         INTEGER NOT NULL,
  in_reply_to TEXT,
  channel     TEXT,
  chat        TEXT,
  thread      TEXT,
  content     TEXT NOT NULL,
  state       TEXT NOT NULL,
  reason      TEXT,
  due_ms      BIGINT NOT NULL,
  created_ms  BIGINT NOT NULL,
  mirrored    INTEGER NOT NULL,
  PRIMARY KEY (session_id, out_id)
)`,
  `CREATE INDEX deliveries_open ON deliveries (due_ms) WHERE state IN ('queued', 'attempting', 'retry')`,
  `CREATE INDEX deliveries_to_mirror ON deliveries (session_id) WHERE mirrored = 0`,
  'CREATE INDEX deliveries_by_message ON deliveries (session_id, in_reply_to)',
  // One row per piece of a delivery; a long text has several, each with its receipt (D3).
  `CREATE TABLE pieces (
  session_id          TEXT NOT NULL,
  out_id              TEXT NOT NULL,
  piece               INTEGER NOT NULL,
  state               TEXT NOT NULL,
  attempts            INTEGER NOT NULL,
  attempted_ms        BIGINT,
  platform_message_id TEXT,
  PRIMARY KEY (session_id, out_id, piece)
)`,
  `CREATE TABLE questions (
  id         TEXT PRIMARY KEY,
  session_id TEXT NOT NULL REFERENCES sessions (id),
  channel    TEXT NOT NULL,
  chat       TEXT NOT NULL,
  thread     TEXT,
  options    TEXT NOT NULL,
  state      TEXT NOT NULL
)`,
  // What people see of the channels that Bellhop serves itself (terminal, web), in order.
  `CREATE TABLE conversation (
  channel  TEXT NOT NULL,
  chat     TEXT NOT NULL,
  thread   TEXT NOT NULL,
  seq      INTEGER NOT NULL,
  id       TEXT NOT NULL,
  reply_to TEXT,
  body     TEXT NOT NULL,
  at_ms    BIGINT NOT NULL,
  PRIMARY KEY (channel, chat, thread, seq),
  UNIQUE (channel, chat, thread, id)
)`,
  'CREATE INDEX conversation_replies ON conversation (channel, chat, thread, reply_to)',
];

/** One row per conversation, so that a list of them reads no history (M12); it also knows the last seq. */
const CONVERSATIONS: readonly string[] = [
  `CREATE TABLE conversations (
  channel   TEXT NOT NULL,
  chat      TEXT NOT NULL,
  thread    TEXT NOT NULL,
  title     TEXT NOT NULL,
  last_text TEXT NOT NULL,
  last_by   TEXT NOT NULL,
  last_ms   BIGINT NOT NULL,
  seq       INTEGER NOT NULL,
  read_seq  INTEGER NOT NULL,
  PRIMARY KEY (channel, chat, thread)
)`,
  'CREATE INDEX conversations_by_time ON conversations (channel, last_ms)',
  // From what was said so far; nobody is shown years of it as unread.
  `INSERT INTO conversations (channel, chat, thread, title, last_text, last_by, last_ms, seq, read_seq)
   SELECT l.channel, l.chat, l.thread,
     coalesce((
       SELECT substr(trim(replace(coalesce(nullif(u.body ->> 'text', ''), u.body -> 'files' -> 0 ->> 'name', ''), char(10), ' ')), 1, 80)
       FROM conversation u
       WHERE u.channel = l.channel AND u.chat = l.chat AND u.thread = l.thread AND u.body ->> 'kind' = 'user'
       ORDER BY u.seq LIMIT 1
     ), ''),
     substr(trim(replace(coalesce(nullif(l.body ->> 'text', ''), l.body ->> 'emoji', l.body -> 'files' -> 0 ->> 'name', ''), char(10), ' ')), 1, 200),
     CASE l.body ->> 'kind' WHEN 'user' THEN 'you' WHEN 'notice' THEN 'bellhop' ELSE 'agent' END,
     l.at_ms, l.seq, l.seq
   FROM conversation l
   WHERE NOT EXISTS (
     SELECT 1 FROM conversation n
     WHERE n.channel = l.channel AND n.chat = l.chat AND n.thread = l.thread AND n.seq > l.seq
   )`,
  `CREATE INDEX questions_open ON questions (channel, chat, thread) WHERE state = 'open'`,
  // By session: what is open in one conversation, and still small enough to count.
  'DROP INDEX targets_open',
  `CREATE INDEX targets_open ON targets (session_id) WHERE state IN ('accepted', 'enqueued')`,
  // Browsers that have signed in: a hash of each one's cookie.
  `CREATE TABLE sign_ins (
  hash       TEXT PRIMARY KEY,
  expires_ms BIGINT NOT NULL
)`,
];

/** In which thread a message was said: in a session that keeps all threads of a chat together, its own is not that. */
const THREADS: readonly string[] = [
  'ALTER TABLE targets ADD COLUMN thread TEXT',
  'UPDATE targets SET thread = (SELECT s.thread FROM sessions s WHERE s.id = targets.session_id)',
];

const INCIDENTS: readonly string[] = ['ALTER TABLE sessions ADD COLUMN incident TEXT'];

export const STORE_STEPS: readonly (readonly string[])[] = [
  FIRST_TABLES,
  CONVERSATIONS,
  LIFE,
  INCIDENTS,
  AFTERCARE,
  APPROVALS,
  THREADS,
];

export const STORE_VERSION = STORE_STEPS.length;
