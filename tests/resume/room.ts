/**
 * A session's two files and the real loop of the runner over them, one life after another: a life may end by an error in
 * the middle of a turn, as a process that dies does, and what it held is then charged as the host charges it.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { decideCharge, InboundMailbox, readOutbound } from '../../packages/mailbox/src/host/index.ts';
import type { MessageId, NewMessage } from '../../packages/mailbox/src/index.ts';
import { OutboundMailbox } from '../../packages/mailbox/src/runner/index.ts';
import { Bell } from '../../packages/runner/src/bell.ts';
import { Cancel } from '../../packages/runner/src/cancel.ts';
import type { Harness } from '../../packages/runner/src/harness.ts';
import { runLoop } from '../../packages/runner/src/loop.ts';
import type { RunnerConfig } from '../../packages/runner/src/protocol.ts';

export const NOW_MS = Date.parse('2026-03-01T12:00:00.000Z');
/** A retry is due at once: the clock stands still here. */
const POLICY = { maxTries: 5, baseMs: 0, maxReleases: 3, maxReleaseMs: 60_000 };
const LIMITS = { maxFileBytes: 1 << 20, maxValueBytes: 100_000, maxRows: 100 };

/** What a life of a runner dies of here. */
export class Died extends Error {}

export class Room {
  readonly #dir: string;
  #generation: number;

  constructor(dir: string, generation = 0) {
    this.#dir = dir;
    this.#generation = generation;
  }

  enqueue(...ids: readonly string[]): void {
    this.#inbound((mailbox) => mailbox.enqueue(ids.map(message)));
  }

  /** The next life: works until nothing is due, or until the harness lets it die. Tells whether it died. */
  async live(run: Harness['run']): Promise<boolean> {
    this.#generation += 1;
    const outbound = OutboundMailbox.open(this.#path('out'), this.#generation);
    const bell = new Bell();
    const harness: Harness = { name: 'test', start: () => undefined, run };
    try {
      await runLoop({
        config: this.#config(),
        outbound,
        harness,
        bell,
        cancel: new Cancel(0),
        emit: (frame) => (frame.t === 'idle' ? bell.close() : undefined),
        now: () => NOW_MS,
      });
      return false;
    } catch (error) {
      if (!(error instanceof Died)) throw error;
      return true;
    } finally {
      outbound.close();
    }
  }

  /** What the host does about the end of the last life; harmless when done again. */
  charge(): void {
    const generation = this.#generation;
    const claims = this.read().claims.filter((claim) => claim.generation === generation);
    this.#inbound((mailbox) => {
      const rows = mailbox.rows(claims.map((claim) => claim.messageId));
      const changes = claims.flatMap((claim) => {
        const row = rows.get(claim.messageId);
        const change = decideCharge(row, generation, 'it died', POLICY, NOW_MS, 0);
        return change && row?.attempt === claim.attempt ? [change] : [];
      });
      mailbox.settle({ changes });
    });
  }

  /** What the host reads in outbound.db. */
  read() {
    const read = readOutbound(this.#path('out'), { ackSeq: 0, rowSeq: 0 }, LIMITS);
    if (read.kind !== 'ok') throw new Error(`outbound.db cannot be read: ${JSON.stringify(read)}`);
    return read.snapshot;
  }

  continuation(): string | null {
    const outbound = OutboundMailbox.open(this.#path('out'), this.#generation);
    try {
      return outbound.state('continuation:test');
    } finally {
      outbound.close();
    }
  }

  /** What is waiting, and its number of tries. */
  tries(id: string): number | undefined {
    return this.#inbound((mailbox) => mailbox.rows([id as MessageId]).get(id as MessageId)?.tries);
  }

  /** The same session once more, from here on apart. */
  fork(t: TestContext): Room {
    const dir = folderFor(t);
    cpSync(this.#dir, dir, { recursive: true });
    return new Room(dir, this.#generation);
  }

  #inbound<T>(work: (mailbox: InboundMailbox) => T): T {
    const mailbox = InboundMailbox.open(this.#path('in'));
    try {
      return work(mailbox);
    } finally {
      mailbox.close();
    }
  }

  #path(name: string): string {
    return join(this.#dir, name);
  }

  #config(): RunnerConfig {
    return {
      session: 's',
      generation: this.#generation,
      harness: 'test',
      agentName: 'bell',
      inDir: this.#path('in'),
      outDir: this.#path('out'),
      workDir: this.#path('work'),
      memoryDir: '',
      homeDir: '',
      extraDirs: [],
      skills: [],
      socketPath: '',
      batchSize: 5,
      contextRows: 0,
      maxFileBytes: 1_000_000,
      egressSocketPath: '',
      model: null,
      mode: 'run',
    };
  }
}

export function openRoom(t: TestContext): Room {
  const dir = folderFor(t);
  for (const name of ['in', 'out', 'work']) mkdirSync(join(dir, name));
  return new Room(dir);
}

function folderFor(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'bh-resume-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function message(id: string): NewMessage {
  return {
    id: id as MessageId,
    kind: 'chat',
    timestampMs: NOW_MS,
    content: JSON.stringify({ text: `text of ${id}` }),
    trigger: true,
    dueMs: 0,
    recurrence: null,
    seriesId: null,
    channel: 'terminal',
    chat: 'me',
    thread: null,
  };
}
