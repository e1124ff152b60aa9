/**
 * A channel that the host serves itself, by its own API: people at this machine (`terminal`, the owner's socket) or in a
 * browser (`web`, the page). One implementation, one instance for each.
 *
 * Its platform is the conversation log of the host, which is durable: so a reply is never lost for want of a reader
 * (D14), sending twice under one key appends once, and a client that comes later reads what it missed. What a person
 * says is in the log by the commit that accepts it, so there is no moment in which one is there without the other.
 */
import { PermanentError } from '../errors.ts';
import type { Accepted, Channel, ChannelEvent, ChannelSink, OutgoingContent, SendResult } from '../port.ts';

export interface ConversationLog {
  /** Durable when it resolves; the same id again changes nothing. */
  append(entry: {
    readonly chat: string;
    readonly thread: string;
    readonly id: string;
    readonly replyTo: string | null;
    readonly content: OutgoingContent;
  }): Promise<void>;
  /** An event was accepted, and is in the log; to tell those who read along. */
  accepted(event: ChannelEvent): void;
  typing(chat: string, thread: string, on: boolean): void;
}

export interface ServedChannel extends Channel {
  /** A person said something, or pressed a button. Rejects when the host cannot take it now: nothing is kept then. */
  receive(event: ChannelEvent): Promise<Accepted>;
}

export type ServedName = 'terminal' | 'web';

export const SERVED_NAMES: readonly ServedName[] = ['terminal', 'web'];

/** The one user of such a channel: whoever may open the host's socket, or has signed in to the page. */
export function ownerOn(channel: ServedName): string {
  return `${channel}:local`;
}

const CHAT_PREFIX = 'local:';

/** The chat of that person with one agent. */
export function localChat(agent: string): string {
  return CHAT_PREFIX + agent;
}

/** The agent's name back from the chat. */
export function agentOfChat(chat: string): string {
  return chat.slice(CHAT_PREFIX.length);
}

export const MAIN_THREAD = 'main';

export function threadOf(thread: string | null): string {
  return thread ?? MAIN_THREAD;
}

const MAX_TEXT = 1_000_000;
const SEND_TIMEOUT_MS = 10_000;

export function createServedChannel(name: string, log: ConversationLog): ServedChannel {
  const connected: { sink: ChannelSink | null } = { sink: null };
  return {
    name,
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
      if (!connected.sink) throw new Error(`the channel ${name} is not started`);
      const accepted = await connected.sink.accept(event);
      if (accepted.kind === 'accepted') log.accepted(event);
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
