/**
 * What the fake platform knows, in the order in which it happened: the judge reads nothing else. Appended to a file
 * before anything is answered, so that what somebody was told is there whatever dies next.
 */
import { openSync, writeSync } from 'node:fs';

export type Oddity = 'rate' | 'refused' | 'swallowed' | 'dribbled' | 'stalled';

/** Times are milliseconds since the epoch. */
export type Entry =
  /** A person said something; its event is offered until it is taken. */
  | {
      readonly t: 'event';
      readonly atMs: number;
      readonly chat: string;
      readonly id: string;
      readonly text: string;
    }
  /** The webhook answered 200 for the first time. */
  | { readonly t: 'accepted'; readonly atMs: number; readonly chat: string; readonly id: string }
  /** The webhook answered that it will never take it. */
  | { readonly t: 'turned away'; readonly atMs: number; readonly chat: string; readonly id: string }
  /** People read this now. `key` is null on a platform without keys; `marked` says that it may be a repeat, `notice` that Bellhop itself says it. */
  | {
      readonly t: 'said';
      readonly atMs: number;
      readonly chat: string;
      readonly key: string | null;
      readonly marked: boolean;
      readonly notice: boolean;
      readonly text: string;
    }
  /** Sent again under a key that is known: nobody reads it twice. */
  | { readonly t: 'known key'; readonly atMs: number; readonly chat: string; readonly key: string }
  /** The platform misbehaved towards a send in this chat. */
  | { readonly t: 'odd'; readonly atMs: number; readonly chat: string; readonly kind: Oddity };

type WithoutTime<E> = E extends Entry ? Omit<E, 'atMs'> : never;

export class PlatformLog {
  readonly entries: Entry[] = [];
  readonly #file: number;
  readonly #onEntry = new Set<() => void>();

  constructor(path: string) {
    this.#file = openSync(path, 'a', 0o600);
  }

  add(what: WithoutTime<Entry>): void {
    const entry = { ...what, atMs: Date.now() } as Entry;
    writeSync(this.#file, `${JSON.stringify(entry)}\n`);
    this.entries.push(entry);
    for (const look of [...this.#onEntry]) look();
  }

  /** Resolves when this holds, as seen after an entry. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!holds()) return;
        this.#onEntry.delete(look);
        resolve();
      };
      this.#onEntry.add(look);
      look();
    });
  }
}
