/**
 * What is asked, what is answered, and which blows fell in between: what the time from a blow to the answer is measured
 * from. A message whose chat the platform treated badly is left out: that wait is the platform's.
 */
import type { Entry } from '../../tests/fake-platform/log.ts';
import type { Asked } from './judge.ts';
import { firstLine } from './judge.ts';
import type { Blow } from './plan.ts';

export type Victim = 'runner' | 'host';

interface Open {
  readonly asked: Asked;
  readonly missing: Set<string>;
  readonly answered: PromiseWithResolvers<void>;
  /** The last blow that it had to survive. */
  struck: { readonly what: string; readonly atMs: number } | null;
  maltreated: boolean;
}

export class Score {
  readonly asked: Asked[] = [];
  /** How often each point was hit; 'any moment' for each side too. */
  readonly hits = new Map<string, number>();
  /** Milliseconds from a blow to the last answer of a message that was open then, by kind of blow. */
  readonly waits = new Map<string, number[]>();
  lastSaidMs = Date.now();
  readonly #open = new Map<string, Open>();

  get injected(): number {
    return [...this.hits.values()].reduce((sum, n) => sum + n, 0);
  }

  /** Resolves when everything that is to be said to it has been said. */
  ask(asked: Asked): Promise<void> {
    this.asked.push(asked);
    const answered = Promise.withResolvers<void>();
    this.#open.set(asked.id, {
      asked,
      missing: new Set(asked.answers),
      answered,
      struck: null,
      maltreated: false,
    });
    return answered.promise;
  }

  /** @param chat null for a blow that every chat has to survive. */
  struck(victim: Victim, { at, signal }: Blow, chat: string | null): void {
    const place = at === 'any moment' ? `${victim}, ${at}` : at;
    this.hits.set(place, (this.hits.get(place) ?? 0) + 1);
    const what = `${victim}.${signal === 'SIGKILL' ? 'killed' : 'stopped'}`;
    for (const open of this.#open.values()) {
      if (chat === null || open.asked.chat === chat) open.struck = { what, atMs: Date.now() };
    }
  }

  heard(entry: Entry): void {
    if (entry.t === 'odd') {
      for (const open of this.#open.values()) if (open.asked.chat === entry.chat) open.maltreated = true;
    }
    if (entry.t !== 'said') return;
    this.lastSaidMs = Date.now();
    for (const open of this.#open.values()) {
      if (open.asked.chat !== entry.chat || !open.missing.delete(firstLine(entry.text))) continue;
      if (open.missing.size > 0) continue;
      this.#open.delete(open.asked.id);
      open.answered.resolve();
      if (!open.struck || open.maltreated) continue;
      const { what, atMs } = open.struck;
      this.waits.set(what, [...(this.waits.get(what) ?? []), entry.atMs - atMs]);
    }
  }
}
