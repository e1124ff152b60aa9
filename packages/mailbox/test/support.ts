/**
 * What the mailbox tests share: a session folder that is gone after the test, messages and rows with sensible defaults,
 * and children that can be killed for real. No expectation lives here.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import type { InboundMailbox, RetryPolicy, SnapshotLimits } from '../src/host/index.ts';
import type { InboundRow, MessageId, NewMessage, OutboundId, TurnId } from '../src/index.ts';
import { InboundReader, type NewOutbound, type TurnCommit } from '../src/runner/index.ts';
import type { SqlRow } from '../src/sqlite.ts';

export const T0 = Date.parse('2026-03-01T12:00:00.000Z');
export const LIMITS: SnapshotLimits = { maxFileBytes: 32 << 20, maxValueBytes: 1_000_000, maxRows: 200 };
export const START = { ackSeq: 0, rowSeq: 0 };
export const POLICY: RetryPolicy = { maxTries: 5, baseMs: 5_000, maxReleases: 3, maxReleaseMs: 60_000 };

export interface Folder {
  readonly dir: string;
  readonly inDir: string;
  readonly outDir: string;
  readonly inbound: string;
  readonly outbound: string;
}

export function makeFolder(): Folder & { readonly remove: () => void } {
  const dir = mkdtempSync(join(tmpdir(), 'bh-mbx-'));
  const inDir = join(dir, 'in');
  const outDir = join(dir, 'out');
  mkdirSync(inDir);
  mkdirSync(outDir);
  return {
    dir,
    inDir,
    outDir,
    inbound: join(inDir, 'inbound.db'),
    outbound: join(outDir, 'outbound.db'),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** A session folder for one test. */
export function folderFor(t: { after(remove: () => void): void }): Folder {
  const folder = makeFolder();
  t.after(folder.remove);
  return folder;
}

export const mid = (id: string) => id as MessageId;
export const tid = (id: string) => id as TurnId;

export function message(id: string, change: Partial<NewMessage> = {}): NewMessage {
  return {
    id: mid(id),
    kind: 'chat',
    timestampMs: T0,
    content: JSON.stringify({ text: id }),
    trigger: true,
    dueMs: 0,
    recurrence: null,
    seriesId: null,
    channel: 'terminal',
    chat: 'me',
    thread: null,
    ...change,
  };
}

export function inboundRow(id: string, change: Partial<InboundRow> = {}): InboundRow {
  return {
    id: mid(id),
    seq: 2,
    kind: 'chat',
    status: 'pending',
    timestamp: '2026-03-01T12:00:00.000Z',
    content: '{}',
    trigger: true,
    dueMs: 0,
    recurrence: null,
    seriesId: id,
    tries: 0,
    attempt: 1,
    releases: 0,
    chargedGeneration: 0,
    channel: null,
    chat: null,
    thread: null,
    ...change,
  };
}

export function outRow(id: string, change: Partial<NewOutbound> = {}): NewOutbound {
  return {
    id: id as OutboundId,
    inReplyTo: null,
    kind: 'chat',
    content: JSON.stringify({ text: id }),
    dueMs: 0,
    channel: 'terminal',
    chat: 'me',
    thread: null,
    ...change,
  };
}

export function turnCommit(turn: string, change: Partial<TurnCommit> = {}): TurnCommit {
  return {
    turnId: tid(turn),
    rows: [],
    acks: [],
    continuation: null,
    prune: { acksThrough: 0, rowsThrough: 0 },
    inboundSeq: 2,
    nowMs: T0,
    ...change,
  };
}

/** A message as the mailbox has it now; it must be there. */
export function stored(mailbox: InboundMailbox, id: string): InboundRow {
  const row = mailbox.rows([mid(id)]).get(mid(id));
  if (!row) throw new Error(`there is no message ${id}`);
  return row;
}

/** What the runner sees in one look. */
export function look<T>(folder: Folder, work: (reader: InboundReader) => T): T {
  const reader = InboundReader.open(folder.inDir);
  try {
    return work(reader);
  } finally {
    reader.close();
  }
}

/** Reads or changes a file behind the library's back. */
export function sql(
  path: string,
  statement: string,
  ...values: readonly (string | number | null)[]
): SqlRow[] {
  const db = new DatabaseSync(path, { timeout: 2_000 });
  try {
    return db.prepare(statement).all(...values);
  } finally {
    db.close();
  }
}

/** SQLite's own count of commits to a file: bytes 24 to 27 of its header. */
export function commitCount(path: string): number {
  const bytes = Buffer.alloc(4);
  const fd = openSync(path, 'r');
  try {
    readSync(fd, bytes, 0, 4, 24);
  } finally {
    closeSync(fd);
  }
  return bytes.readUInt32BE();
}

/** A verb of child.ts in a process of its own. It dies with the test. */
export function startChild(t: { after(stop: () => void): void }, verb: string, ...args: readonly string[]) {
  const script = fileURLToPath(new URL('./child.ts', import.meta.url));
  const child = spawn(process.execPath, [script, verb, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  return {
    /** The next line that it prints, or null after its end. */
    line: async () => ((await lines.next()).value as string | undefined) ?? null,
    tell: (text: string) => void child.stdin.write(`${text}\n`),
    kill: () => void child.kill('SIGKILL'),
    exited,
  };
}
