/** All that is watched in one run, put together: after each commit, at each send, at each start of a sandbox, at the end. */

import { basename, dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Kernel } from '../machine/kernel.ts';
import type { Offered, Platform } from '../town/platform.ts';
import type { Sandbox, Sandboxes } from '../town/sandboxes.ts';
import { Again } from './again.ts';
import {
  type Counts,
  type Facts,
  readStore,
  reckon,
  type StoreRows,
  unfinished,
  unsettled,
} from './reckon.ts';
import { StoreReader } from './store-reader.ts';
import { Violation } from './violation.ts';
import { type Charge, MailboxWatch } from './watch-mailbox.ts';
import { SendWatch } from './watch-sends.ts';
import { StoreWatch } from './watch-store.ts';

/** A claim that a sandbox held when it ended. */
interface Held {
  readonly session: string;
  readonly generation: number;
  readonly message: string;
  readonly attempt: number;
}

export class Judge {
  readonly #reader: StoreReader;
  readonly sends: SendWatch;
  readonly again = new Again();
  readonly #store = new StoreWatch(this.again);
  readonly #mailboxes = new MailboxWatch(this.again, (charge) => this.#whyNotCharged(charge));
  readonly #held: Held[] = [];
  readonly #sandboxes: Sandboxes;
  /** The first thing that may not be. */
  violation: Violation | null = null;

  constructor(storePath: string, kernel: Kernel, sandboxes: Sandboxes) {
    this.#reader = new StoreReader(storePath);
    this.#sandboxes = sandboxes;
    this.sends = new SendWatch(this.#reader);
    kernel.onCommit = (file, tables, read) =>
      this.#noting(() => {
        if (basename(file) === 'bellhop.db') this.#store.committed(tables, read);
        if (basename(file) === 'inbound.db') this.#mailboxes.committed(sessionOf(file), read);
      });
    kernel.onUncaught = (process, error) => {
      if (process.kind === 'host') this.note(new Violation('the host has thrown', stackOf(error)));
      process.exit({ code: 1, signal: null });
    };
    sandboxes.onStart = (started, alive) => this.#noting(() => oneOfEach(started, alive));
    sandboxes.onEnd = (ended) => this.#held.push(...claimsOf(ended));
  }

  /** Keeps the first violation: the code that it would be thrown into must not catch it. */
  note(violation: Violation): void {
    this.violation ??= violation;
  }

  #noting(look: () => void): void {
    try {
      look();
    } catch (error) {
      this.note(error instanceof Violation ? error : new Violation('the judge has thrown', stackOf(error)));
    }
  }

  watchSends(): ConstructorParameters<typeof Platform>[3] {
    return {
      called: (platform, message) => this.#noting(() => this.sends.called(platform, message)),
    };
  }

  #whyNotCharged({ inbox, message, generation }: Charge): string | null {
    const lives = this.#sandboxes.all.filter(
      ({ config }) => config.session === inbox && config.generation === generation,
    );
    if (lives.length === 0) return 'it was never started';
    if (lives.some(({ process }) => process.alive)) return 'it lives';
    const held = this.#held.filter((one) => one.session === inbox && one.generation === generation);
    // One that held nothing is charged to what was due when it started, unless it had worked before.
    if (held.length === 0 || held.some((one) => one.message === message)) return null;
    return `it held ${held.map((one) => one.message).join(', ')}`;
  }

  /** In words what is still under way; null when nothing is. */
  unfinished(towns: readonly Facts[]): string | null {
    return unfinished(readStore(this.#reader), towns);
  }

  close(): void {
    this.#reader.close();
  }

  unsettled(): string | null {
    return unsettled(readStore(this.#reader));
  }

  /** Throws a Violation. */
  reckon(towns: readonly Facts[]): Counts {
    const store = readStore(this.#reader);
    // A runner that is not ours may have its own session answer twice: it can take back what ours had acked.
    const spoiled = new Set(
      this.#sandboxes.all.filter((one) => one.hostile).map(({ config }) => config.session),
    );
    const counts = reckon(store, towns, spoiled);
    for (const { offered } of towns) this.#seeOrder(store, offered);
    for (const held of this.#held) this.#seeCharged(held);
    return counts;
  }

  /** What was accepted before something else was even offered comes before it in the mailbox. */
  #seeOrder(store: StoreRows, offered: readonly Offered[]): void {
    const numbered = offered.flatMap((event) => {
      const target = store.targets.find(({ message_id: id }) => id === event.saying.id);
      const session = String(target?.session_id);
      const seq = this.#mailboxes.numberOf(session, event.saying.id);
      return seq === undefined ? [] : [{ ...event, session, seq }];
    });
    for (const a of numbered)
      for (const b of numbered) {
        const isBefore = (a.acceptedMs ?? Number.NaN) < (b.firstOfferedMs ?? Number.NaN);
        if (a.session === b.session && isBefore && a.seq > b.seq)
          throw new Violation('taken up out of order', `${b.saying.id} before ${a.saying.id}`);
      }
  }

  /** A claim at the end of a life that its session has caused is one try. */
  #seeCharged({ session, generation, message }: Held): void {
    const [row] = this.#reader.rows(
      'SELECT costs FROM generations WHERE session_id = ? AND number = ?',
      session,
      generation,
    );
    if (Number(row?.costs ?? 0) === 0) return;
    const charged = this.#mailboxes.charges.some(
      (one) => one.inbox === session && one.generation === generation && one.message === message,
    );
    if (!charged)
      throw new Violation('a life ended on a message at no cost', `${session} ${generation} ${message}`);
  }
}

function oneOfEach(started: Sandbox, alive: readonly Sandbox[]): void {
  const other = alive.find(({ config }) => config.session === started.config.session);
  if (other) throw new Violation('two sandboxes of one session', `${started.mark} beside ${other.mark}`);
}

function claimsOf({ config }: Sandbox): Held[] {
  if (config.mode !== 'run') return [];
  try {
    const db = new DatabaseSync(`${config.outDir}/outbound.db`, { readOnly: true });
    try {
      return db
        .prepare(
          "SELECT message_id, attempt FROM processing_ack WHERE status = 'processing' AND generation = ?",
        )
        .all(config.generation)
        .map((row) => ({
          session: config.session,
          generation: config.generation,
          message: String(row.message_id),
          attempt: Number(row.attempt),
        }));
    } finally {
      db.close();
    }
  } catch (noFile) {
    // It had not come so far as to make one.
    if (noFile instanceof Error) return [];
    throw noFile;
  }
}

/** `…/sessions/<agent>/<session>/in/inbound.db`. */
function sessionOf(path: string): string {
  return basename(dirname(dirname(path)));
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
