/**
 * A channel that tells when its accept was called, when its send was entered, and when a turn took the message up.
 *
 * It is the web channel with a stop watch around it, so that what is measured does all that a person's message does, its
 * entry in the conversation log included. Not measured: the API and its socket.
 */
import { type ConversationLog, createServedChannel, type ServedChannel } from '@bellhop/channels/served';

export const BENCH_CHANNEL = 'web';

/** Milliseconds of performance.now(). */
export interface Moments {
  accept(): void;
  send(): void;
  working(): void;
  idle(): void;
}

/** @param moments called at each of them; must not throw. */
export function watchedChannel(log: ConversationLog, moments: Moments): ServedChannel {
  const web = createServedChannel(BENCH_CHANNEL, log);
  return {
    ...web,
    start: (sink) =>
      web.start({
        accept(event) {
          moments.accept();
          return sink.accept(event);
        },
      }),
    send(message, signal) {
      moments.send();
      return web.send(message, signal);
    },
    typing(chat, thread, on) {
      if (on) moments.working();
      else moments.idle();
      web.typing(chat, thread, on);
    },
  };
}
