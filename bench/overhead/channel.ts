/**
 * A channel that tells when its accept was called, when its send was entered, and when a turn took the message up.
 *
 * It is the terminal with a stop watch around it, so that what is measured does all that a person's message does, its
 * entry in the conversation log included. Not measured: the API and its socket.
 */
import type { Channel, ChannelEvent } from '@bellhop/channels';
import { type ConversationLog, createTerminalChannel } from '@bellhop/channels/terminal';

export const BENCH_CHANNEL = 'bench';

/** Milliseconds of performance.now(). */
export interface Moments {
  accept(): void;
  send(): void;
  working(): void;
  idle(): void;
}

export interface WatchedChannel extends Channel {
  receive(event: ChannelEvent): Promise<string>;
}

/** @param moments called at each of them; must not throw. */
export function watchedChannel(log: ConversationLog, moments: Moments): WatchedChannel {
  const terminal = createTerminalChannel(log);
  return {
    ...terminal,
    name: BENCH_CHANNEL,
    start: (sink) =>
      terminal.start({
        accept(event) {
          moments.accept();
          return sink.accept(event);
        },
      }),
    send(message, signal) {
      moments.send();
      return terminal.send(message, signal);
    },
    typing(chat, thread, on) {
      if (on) moments.working();
      else moments.idle();
      terminal.typing(chat, thread, on);
    },
    async receive(event) {
      const accepted = await terminal.receive(event);
      if (accepted.kind === 'refused') throw new Error(`the host refused a message: ${accepted.reason}`);
      return accepted.sessions[0] ?? '';
    },
  };
}
