/** What the supervisor sees of a turn, told to those who watch its conversation, in the shapes of contract.ts. */
import type { Channel } from '@bellhop/channels';
import { threadOf } from '@bellhop/channels/served';
import { LiveGuard } from '../delivery/links/live.ts';
import type { TurnLedger, Watcher } from '../supervisor/port.ts';
import type { Session } from '../types.ts';
import type { TurnView } from './contract.ts';
import type { Watchers } from './stream.ts';

/** @param sandbox kind of sandbox that turns run in. */
export function createWatcher(
  watchers: Watchers,
  channels: ReadonlyMap<string, Channel>,
  sandbox: string,
): Watcher {
  const keyOf = ({ channel, chat, thread }: Session) => ({ channel, chat, thread: threadOf(thread) });
  const guards = new Map<string, LiveGuard>();
  return {
    receipt: (session, message, state, reason) =>
      watchers.tell(keyOf(session), { type: 'receipt', message, state, reason }),
    ledger(session, turn) {
      // Its text is over.
      if (turn === null) guards.delete(session.id);
      watchers.tell(keyOf(session), { type: 'ledger', turn: turn && toTurnView(turn, sandbox) });
    },
    live(session, turn, text) {
      const guard = guards.get(session.id) ?? new LiveGuard();
      guards.set(session.id, guard);
      const shown = guard.push(turn, text);
      if (shown !== '') watchers.tell(keyOf(session), { type: 'live', turn, text: shown });
    },
    typing: (session, on) => channels.get(session.channel)?.typing(session.chat, session.thread, on),
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
