/**
 * Refusals in the audit. Nothing comes of a refusal, so it may be written once for many: an agent that asks ten thousand
 * times a second must not fill the owner's disk.
 *
 * Of one session: the same target refused in the same way has one row a minute, all together have at most 30; the first
 * row of its next minute, or the end of its door, tells how many had none.
 */
import type { AuditEntry } from './chain.ts';

const WINDOW_MS = 60_000;
const MAX_ROWS = 30;

export type Refused = Pick<AuditEntry, 'agent' | 'session' | 'target' | 'decision'>;

interface Window {
  readonly agent: string;
  readonly startMs: number;
  readonly seen: Set<string>;
  untold: number;
}

export class RefusalRows {
  readonly #append: (entry: AuditEntry) => void;
  readonly #nowMs: () => number;
  readonly #windows = new Map<string, Window>();

  /** @param append throws when it cannot; a refusal without a row is still one. */
  constructor(append: (entry: AuditEntry) => void, nowMs: () => number) {
    this.#append = append;
    this.#nowMs = nowMs;
  }

  note(refused: Refused): void {
    const { agent, session, target, decision } = refused;
    const window = this.#windowOf(agent, session);
    const key = `${decision} ${target}`;
    if (window.seen.has(key) || window.seen.size >= MAX_ROWS) {
      window.untold += 1;
      return;
    }
    window.seen.add(key);
    const detail = window.untold === 0 ? '' : `before it ${window.untold} more, without a row`;
    window.untold = 0;
    this.#append({ who: agent, what: 'refusal', agent, session, target, decision, detail });
  }

  /** Its door has closed. */
  end(session: string): void {
    const { agent = '', untold = 0 } = this.#windows.get(session) ?? {};
    this.#windows.delete(session);
    if (untold === 0) return;
    const detail = `${untold} more, without a row`;
    this.#append({ who: agent, what: 'refusal', agent, session, target: '', decision: '', detail });
  }

  #windowOf(agent: string, session: string): Window {
    const nowMs = this.#nowMs();
    const old = this.#windows.get(session);
    if (old && nowMs - old.startMs < WINDOW_MS) return old;
    const window = { agent, startMs: nowMs, seen: new Set<string>(), untold: old?.untold ?? 0 };
    this.#windows.set(session, window);
    return window;
  }
}
