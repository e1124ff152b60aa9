/**
 * The terminal as a channel: people at this machine, who come in through the host's own socket.
 *
 * Its platform is the conversation log of the host, which is durable: so a reply is never lost for want of a reader
 * (D14), sending twice under one key appends once, and a client that comes later reads what it missed.
 */
import { PermanentError } from '../errors.ts';
import type { Accepted, Channel, ChannelEvent, ChannelSink, OutgoingContent, SendResult } from '../port.ts';

/** Durable when `append` resolves; the same id again changes nothing. */
export interface ConversationLog {
  append(entry: {
    readonly chat: string;
    readonly thread: string;
    readonly id: string;
    readonly replyTo: string | null;
    readonly content: OutgoingContent | { readonly kind: 'user'; readonly event: ChannelEvent };
  }): Promise<void>;
  typing(chat: string, thread: string, on: boolean): void;
}

export interface TerminalChannel extends Channel {
  /** A person said something, or pressed a button. Rejects when the host cannot take it now: nothing is kept then. */
  receive(event: ChannelEvent): Promise<Accepted>;
}

/** The one user of this channel: whoever may open the host's socket. */
export const LOCAL_USER = 'terminal:local';

/** The chat of that person with one agent. */
export function localChat(agent: string): string {
  return `local:${agent}`;
}

const MAX_TEXT = 1_000_000;
const SEND_TIMEOUT_MS = 10_000;

export function createTerminalChannel(log: ConversationLog): TerminalChannel {
  const connected: { sink: ChannelSink | null } = { sink: null };
  return {
    name: 'terminal',
    capabilities: {
      maxTextLength: MAX_TEXT,
      threads: true,
      onUnknown: 'resend-same-key',
      sendTimeoutMs: SEND_TIMEOUT_MS,
    },
    async start(sink) {
      connected.sink = sink;
    },
    async stop() {
      connected.sink = null;
    },
    async receive(event) {
      if (!connected.sink) throw new Error('the terminal channel is not started');
      const accepted = await connected.sink.accept(event);
      if (accepted.kind === 'accepted' && event.kind === 'message') {
        const { id, chat } = event;
        await log.append({
          chat,
          thread: threadOf(event.thread),
          id,
          replyTo: null,
          content: { kind: 'user', event },
        });
      }
      return accepted;
    },
    async send({ chat, thread, key, replyTo, content }, signal): Promise<SendResult> {
      if (signal.aborted) throw new PermanentError('the send was cancelled before it began');
      await log.append({ chat, thread: threadOf(thread), id: key, replyTo, content });
      const isMessage = content.kind === 'text' || content.kind === 'question';
      return { platformMessageId: isMessage ? key : null };
    },
    typing: (chat, thread, on) => log.typing(chat, threadOf(thread), on),
  };
}

function threadOf(thread: string | null): string {
  return thread ?? 'main';
}
