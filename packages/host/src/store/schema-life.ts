/**
 * The step that lets messages be looked after when they are over: dead letters that are listed and discarded, and the
 * ages by which retention finds what is old (H6), each by an index, so that it scans no history (M12).
 */
export const LIFE: readonly string[] = [
  'ALTER TABLE targets ADD COLUMN ended_ms BIGINT',
  // A dead letter that a person has dealt with.
  'ALTER TABLE targets ADD COLUMN discarded INTEGER NOT NULL DEFAULT 0',
  // What ended before ends were timed is as old as its acceptance.
  `UPDATE targets SET ended_ms = coalesce((
     SELECT e.accepted_ms FROM events e WHERE e.channel = targets.channel AND e.id = targets.message_id
   ), 0) WHERE state IN ('answered', 'failed')`,
  `CREATE INDEX targets_by_end ON targets (ended_ms) WHERE ended_ms IS NOT NULL`,
  `CREATE INDEX targets_dead ON targets (ended_ms) WHERE state = 'failed' AND discarded = 0`,
  `CREATE INDEX deliveries_by_age ON deliveries (created_ms)`,
  `CREATE INDEX generations_by_start ON generations (started_ms) WHERE state = 'settled'`,
  'CREATE INDEX conversation_by_age ON conversation (at_ms)',
  `CREATE INDEX sessions_quarantined ON sessions (id) WHERE state = 'quarantined'`,
];

/** The step that lets an answered question say what was chosen, and the host's own rows be found when they are old. */
export const AFTERCARE: readonly string[] = [
  // Null: it is open, or was answered before this was noted.
  'ALTER TABLE questions ADD COLUMN chosen TEXT',
  // Rows of the host's own making that have ended in a mailbox; those that people sent are targets.
  `CREATE TABLE own_ends (
  session_id TEXT NOT NULL REFERENCES sessions (id),
  message_id TEXT NOT NULL,
  ended_ms   BIGINT NOT NULL,
  PRIMARY KEY (session_id, message_id)
)`,
  'CREATE INDEX own_ends_by_age ON own_ends (ended_ms)',
];
