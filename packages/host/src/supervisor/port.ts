/** What the rest of the host knows of the life of sandboxes. */
import type { TurnId } from '@bellhop/mailbox';
import type { Session, SessionId } from '../types.ts';

export interface Supervisor {
  /** Something may be due for this session; returns at once. Cheap, and safe to call at any time. */
  nudge(session: SessionId): void;
  /** The messages of this session that a turn works on right now, as far as its runner says. */
  working(session: SessionId): ReadonlySet<string>;
  /** Why this session's messages wait, in words; null when nothing is in the way. */
  waitingFor(session: SessionId): string | null;
  summary(): { readonly awake: number; readonly working: number; readonly waitingFor: readonly string[] };
}

/** What people watch; told after it is durable, except for live text. None of these may throw. */
export interface Watcher {
  receipt(
    session: Session,
    message: string,
    state: 'at work' | 'answered' | 'failed',
    reason: string | null,
  ): void;
  live(session: Session, turn: TurnId, text: string): void;
  typing(session: Session, on: boolean): void;
}
