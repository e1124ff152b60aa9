/**
 * In which thread the turn of a session is that holds all threads of its chat. A session of one thread is told of at once;
 * of a shared one the thread of a message is looked up first, and what follows keeps its order behind that.
 */
import type { ThreadOf } from '../sessions/port.ts';
import type { Log, Session, SessionId } from '../types.ts';

/** Shared sessions whose last turn's thread is remembered; of others, the end of typing goes to their own thread. */
const MAX_TURNS = 1_000;

type Tell = (thread: string | null) => void;

interface Turn {
  thread: string | null;
  /** Resolves when all so far has been told. */
  told: Promise<void>;
}

export class SharedTurns {
  readonly #threadOf: ThreadOf;
  readonly #log: Log;
  readonly #turns = new Map<SessionId, Turn>();

  constructor(deps: { readonly threadOf: ThreadOf; readonly log: Log }) {
    this.#threadOf = deps.threadOf;
    this.#log = deps.log;
  }

  /** Tells where this message is. */
  at(session: Session, message: string, tell: Tell): void {
    this.#next(session, tell, () => this.#threadOf(session, message));
  }

  /** The turn is where this message is, or over when it is null; tells where it is, or was. */
  move(session: Session, message: string | null, tell: Tell): void {
    this.#next(session, tell, async (turn) => {
      if (message !== null) turn.thread = await this.#threadOf(session, message);
      return turn.thread;
    });
  }

  /** Tells where the turn is. */
  here(session: Session, tell: Tell): void {
    this.#next(session, tell, async (turn) => turn.thread);
  }

  #next(session: Session, tell: Tell, find: (turn: Turn) => Promise<string | null>): void {
    if (session.mode === 'per-thread') {
      tell(session.thread);
      return;
    }
    const turn = this.#turnOf(session);
    const telling = turn.told.then(async () => tell(await find(turn)));
    turn.told = telling.catch((error: unknown) => {
      // A hint alone: whoever looks later reads the store.
      this.#log.warn('a watcher was not told', { session: session.id, error: String(error) });
    });
  }

  #turnOf({ id, thread }: Session): Turn {
    const turn = this.#turns.get(id) ?? { thread, told: Promise.resolve() };
    // The newest is the last of the map.
    this.#turns.delete(id);
    this.#turns.set(id, turn);
    const [oldest] = this.#turns.keys();
    if (this.#turns.size > MAX_TURNS && oldest !== undefined) this.#turns.delete(oldest);
    return turn;
  }
}
