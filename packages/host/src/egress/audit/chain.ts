/**
 * The audit as a chain: what a row is, and whether a file of rows is whole. Pure.
 *
 * Each row holds the hash of the one before it, so that no row can be changed, left out, put in or moved without breaking
 * all that follow. A chain cannot see that its own end is missing: a head that was noted elsewhere can (verify's `head`).
 */
import { createHash } from 'node:crypto';

export const ACTIONS = [
  'request',
  'tunnel',
  'refusal',
  'host allowed',
  'host removed',
  'secret set',
  'secret removed',
  'secret granted',
  'secret revoked',
  'vault rotated',
  'model key set',
  'model key removed',
  'model set',
  'model tested',
  'models listed',
  'budget set',
  'budget answered',
  'approval decided',
  'password set',
  'link issued',
  'session released',
  'message tried again',
  'message discarded',
  'packages changed',
  'skill switched',
] as const;

export type AuditAction = (typeof ACTIONS)[number];

/** Never a body, a query or a secret: names and places alone. '' where there is none. */
export interface AuditEntry {
  /** `owner`, or an agent's id. */
  readonly who: string;
  readonly what: AuditAction;
  readonly agent: string;
  readonly session: string;
  /** As `POST api.example.com:443/v1/messages`. */
  readonly target: string;
  /** Of a refusal its code; what was decided. */
  readonly decision: string;
  readonly detail: string;
}

export interface AuditRow extends AuditEntry {
  /** From 1, without a gap. */
  readonly n: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Hash of the row before; of the first, 64 zeros. */
  readonly prev: string;
  /** SHA-256, in hex, of all the rest. */
  readonly hash: string;
}

export interface Head {
  readonly n: number;
  readonly hash: string;
}

export const NO_ROWS: Head = { n: 0, hash: '0'.repeat(64) };
const MAX_TEXT = 300;
const ORDER = ['n', 'at', 'who', 'what', 'agent', 'session', 'target', 'decision', 'detail', 'prev'] as const;

export function rowAfter(head: Head, entry: AuditEntry, nowMs: number): AuditRow {
  const { who, what, agent, session, target, decision, detail } = entry;
  const texts = { who, what, agent, session, target, decision, detail };
  const bounded = Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, oneLine(text)]),
  ) as unknown as AuditEntry;
  const row = { n: head.n + 1, at: new Date(nowMs).toISOString(), ...bounded, prev: head.hash };
  return { ...row, hash: hashOf(row) };
}

/** What comes from an agent is no more than text here, and not much of it: hosts and paths are ASCII. */
function oneLine(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, MAX_TEXT);
}

function hashOf(row: Omit<AuditRow, 'hash'>): string {
  return createHash('sha256')
    .update(JSON.stringify(ORDER.map((name) => row[name])))
    .digest('hex');
}

/** Null: this is not a row. */
export function readRow(line: string): AuditRow | null {
  try {
    const row = JSON.parse(line) as AuditRow | null;
    if (row === null || typeof row !== 'object' || Object.keys(row).length !== ORDER.length + 1) return null;
    const isWhole = ORDER.every((name) => typeof row[name] === (name === 'n' ? 'number' : 'string'));
    return isWhole && typeof row.hash === 'string' ? row : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Why this row cannot follow that head; null when it does. */
export function faultOf(head: Head, row: AuditRow | null): string | null {
  if (row === null) return 'this line is no row of the audit';
  if (row.n > head.n + 1) return `${row.n - head.n - 1} rows before it are missing`;
  if (row.n !== head.n + 1) return `it stands in another place than it was written: number ${row.n}`;
  if (row.prev !== head.hash) return 'the row before it is not the one that it was written behind';
  return hashOf(row) === row.hash ? null : 'it was changed';
}

export interface Verdict {
  /** The last row up to which all is whole. */
  readonly head: Head;
  /** The first row that is not as it was written. `line` from 1. */
  readonly fault: { readonly line: number; readonly why: string } | null;
}

/** @param noted a head that was seen before: rows up to it must still be there. Null where none is known. */
export async function verify(lines: AsyncIterable<string>, noted: Head | null): Promise<Verdict> {
  let head = NO_ROWS;
  let line = 0;
  for await (const text of lines) {
    line += 1;
    const row = readRow(text);
    const why =
      faultOf(head, row) ?? (row && noted?.n === row.n && noted.hash !== row.hash ? REWRITTEN : null);
    if (why !== null || row === null) return { head, fault: { line, why: why ?? '' } };
    head = { n: row.n, hash: row.hash };
  }
  const isCut = noted !== null && noted.n > head.n;
  return {
    head,
    fault: isCut ? { line: line + 1, why: `it ends here, and once had ${noted.n} rows` } : null,
  };
}

const REWRITTEN = 'the chain is whole, and not the one that was noted: it was written anew';
