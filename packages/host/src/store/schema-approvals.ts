/** The step that brings approvals: what an agent may do only on its owner's word (access/approvals.ts). */
export const APPROVALS: readonly string[] = [
  // `action` is the exact text that was asked about, `sha256` its hash: what is decided, and what is then done.
  `CREATE TABLE approvals (
  id         TEXT PRIMARY KEY,
  kind       TEXT NOT NULL,
  agent_id   TEXT NOT NULL REFERENCES agents (id),
  session_id TEXT NOT NULL REFERENCES sessions (id),
  action     TEXT NOT NULL,
  sha256     TEXT NOT NULL,
  asked_ms   BIGINT NOT NULL,
  expires_ms BIGINT NOT NULL,
  state      TEXT NOT NULL,
  decision   TEXT,
  decided_by TEXT,
  decided_ms BIGINT,
  applied    INTEGER NOT NULL
)`,
  // However often an agent asks, there is one card.
  `CREATE UNIQUE INDEX approvals_asked ON approvals (session_id, sha256) WHERE state = 'asked'`,
  `CREATE INDEX approvals_to_expire ON approvals (expires_ms) WHERE state = 'asked'`,
  `CREATE INDEX approvals_to_apply ON approvals (id) WHERE state = 'decided' AND applied = 0`,
  'CREATE INDEX approvals_of_action ON approvals (session_id, sha256, asked_ms)',
  'CREATE INDEX approvals_by_age ON approvals (asked_ms)',
];
