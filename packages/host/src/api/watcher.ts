/** What the supervisor sees of a turn, told to those who watch its conversation, in the shapes of contract.ts. */
import { threadOf } from '@bellhop/channels/served';
import type { Connections } from '../connections/port.ts';
import { LiveGuard } from '../delivery/links/live.ts';
import type { ThreadOf } from '../sessions/port.ts';
import type { TurnLedger, Watcher } from '../supervisor/port.ts';
import type { Log, Session } from '../types.ts';
import type { TurnView } from './contract.ts';
import { SharedTurns } from './shared-turns.ts';
import type { Watchers } from './stream.ts';

export interface WatcherDeps {
  readonly watchers: Watchers;
  readonly connections: Pick<Connections, 'typing'>;
  /** Kind of sandbox that turns run in. */
  readonly sandbox: string;
  readonly threadOf: ThreadOf;
  readonly log: Log;
}

export function createWatcher(deps: WatcherDeps): Watcher {
  const { watchers, connections, sandbox } = deps;
  const keyIn = ({ channel, chat }: Session, thread: string | null) => ({
    channel,
    chat,
    thread: threadOf(thread),
  });
  const guards = new Map<string, LiveGuard>();
  const turns = new SharedTurns(deps);
  return {
    receipt: (session, message, state, reason) =>
      turns.at(session, message, (thread) =>
        watchers.tell(keyIn(session, thread), { type: 'receipt', message, state, reason }),
      ),
    ledger(session, turn) {
      // Its text is over.
      if (turn === null) guards.delete(session.id);
      turns.move(session, turn?.messages[0] ?? null, (thread) =>
        watchers.tell(keyIn(session, thread), { type: 'ledger', turn: turn && toTurnView(turn, sandbox) }),
      );
    },
    live(session, turn, text, whole) {
      const guard = guards.get(session.id) ?? new LiveGuard();
      guards.set(session.id, guard);
      const shown = guard.push(turn, text, whole);
      if (shown === '' && !whole) return;
      turns.here(session, (thread) =>
        watchers.tell(keyIn(session, thread), {
          type: 'live',
          turn,
          text: shown,
          ...(whole ? { whole } : {}),
        }),
      );
    },
    typing: (session, on) =>
      turns.here(session, (thread) => connections.typing(session.channel, session.chat, thread, on)),
  };
}

function toTurnView({ startedMs, tools, ...turn }: TurnLedger, sandbox: string): TurnView {
  return {
    ...turn,
    sandbox,
    startedAt: new Date(startedMs).toISOString(),
    tools: tools.map(({ startedMs: toolMs, ...tool }) => ({
      ...tool,
      startedAt: new Date(toolMs).toISOString(),
    })),
  };
}
