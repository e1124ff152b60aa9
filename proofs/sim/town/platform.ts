/**
 * A chat platform: outside of every crash, and the judge of what was said. It offers each event until the host has
 * accepted it, and once or twice more; it takes what it is sent, or not, and its answer is not always the truth.
 */
import {
  type Channel,
  type ChannelCapabilities,
  type ChannelSink,
  type MessageEvent,
  type OutgoingMessage,
  PermanentError,
  RetryableError,
  type SendResult,
  UnknownOutcomeError,
} from '@bellhop/channels';
import { Crash, current, type Fault, type Kernel, type Process } from '../machine/kernel.ts';
import type { Random } from '../machine/random.ts';
import { isCommand, type PlatformName, type Saying } from './story.ts';

const SEND_TIMEOUT_MS = 10_000;
const OFFER_AGAIN_MS = 3_000;
const ANSWER_PATIENCE_MS = 15_000;

const ON_UNKNOWN: Readonly<Record<PlatformName, ChannelCapabilities['onUnknown']>> = {
  keyed: 'resend-same-key',
  marked: 'resend-marked',
  held: 'hold',
};

const SEND_FAULTS: readonly Fault[] = [
  'taken, no answer',
  'lost, no answer',
  'taken, broken answer',
  'taken late',
  'slow',
  'asked to wait',
  'refused',
  'crash before',
  'crash after',
];
const OFFER_FAULTS: readonly Fault[] = ['twice at once', 'again later', 'its answer is lost'];

/** One message that a person can read. */
export interface Said {
  readonly platform: PlatformName;
  readonly key: string;
  readonly chat: string;
  readonly thread: string | null;
  readonly text: string;
  readonly files: number;
  readonly maybeRepeat: boolean;
}

/** An event, from the platform's side. */
export interface Offered {
  readonly saying: Saying;
  firstOfferedMs: number | null;
  /** When the platform was told that it is accepted; null while it was not. */
  acceptedMs: number | null;
}

export interface SendWatch {
  /** The host calls the platform, now. */
  called(platform: PlatformName, message: OutgoingMessage): void;
}

export class Platform {
  readonly name: PlatformName;
  readonly #kernel: Kernel;
  readonly #random: Random;
  readonly #watch: SendWatch;
  readonly said: Said[] = [];
  readonly offered: Offered[] = [];
  readonly #byKey = new Map<string, string>();
  #connection: { readonly process: Process; readonly sink: ChannelSink } | null = null;

  constructor(name: PlatformName, kernel: Kernel, random: Random, watch: SendWatch) {
    this.name = name;
    this.#kernel = kernel;
    this.#random = random;
    this.#watch = watch;
  }

  /** A person says something. */
  hear(saying: Saying): void {
    const event: Offered = { saying, firstOfferedMs: null, acceptedMs: null };
    this.offered.push(event);
    this.#offer(event);
  }

  #offer(event: Offered): void {
    const connection = this.#connection;
    if (!connection?.process.alive) {
      this.#later(event, OFFER_AGAIN_MS);
      return;
    }
    const fault = this.#kernel.options.faults.at(`platform ${this.name}: offer`, OFFER_FAULTS);
    if (fault !== null) this.#kernel.trace(`FAULT ${fault} platform ${this.name}: offer ${event.saying.id}`);
    this.#hand(event, connection, fault === 'its answer is lost');
    if (fault === 'twice at once') this.#hand(event, connection, false);
    if (fault === 'again later') {
      const again = this.#random.between(1_000, 40_000);
      this.#kernel.post(again, null, () => this.#offer(event));
    }
  }

  #later(event: Offered, ms: number): void {
    this.#kernel.post(ms, null, () => {
      if (event.acceptedMs === null) this.#offer(event);
    });
  }

  #hand(
    event: Offered,
    { process, sink }: { readonly process: Process; readonly sink: ChannelSink },
    answerIsLost: boolean,
  ): void {
    event.firstOfferedMs ??= this.#kernel.monotonicMs;
    const answered = (): void => {
      if (!answerIsLost) event.acceptedMs ??= this.#kernel.monotonicMs;
    };
    this.#kernel.post(this.#random.between(0.1, 5), process, () => {
      sink.accept(this.#toEvent(event.saying)).then(
        (accepted) => {
          if (accepted.kind === 'refused')
            throw new Error(`${event.saying.id} was refused: ${accepted.reason}`);
          if (process.alive) this.#kernel.post(this.#random.between(0.1, 5), null, answered);
        },
        // Nothing was stored: it is offered again.
        () => undefined,
      );
    });
    this.#later(event, ANSWER_PATIENCE_MS);
  }

  #toEvent({ id, chat, deed }: Saying): MessageEvent {
    return {
      kind: 'message',
      id,
      chat,
      thread: null,
      sender: { id: ownerOf(this.name), name: 'person' },
      sentAt: this.#kernel.wallMs,
      text: isCommand(deed) ? deed : `${id} ${deed}`,
      files: [],
      isMention: true,
      isGroup: false,
    };
  }

  /** The host's adapter for this platform, for one life of the host. */
  adapter(): Channel {
    return {
      name: this.name,
      capabilities: {
        maxTextLength: 4_000,
        threads: true,
        onUnknown: ON_UNKNOWN[this.name],
        sendTimeoutMs: SEND_TIMEOUT_MS,
      },
      start: async (sink) => {
        const process = current();
        if (process) this.#connection = { process, sink };
      },
      stop: async () => {
        this.#connection = null;
      },
      send: (message) => this.#send(message),
      typing: () => undefined,
    };
  }

  async #send(message: OutgoingMessage): Promise<SendResult> {
    const host = current();
    if (!host?.alive) return await new Promise<never>(() => undefined);
    this.#watch.called(this.name, message);
    const point = `host: send to ${this.name}`;
    const fault = this.#kernel.options.faults.at(point, SEND_FAULTS);
    this.#kernel.trace(`${fault === null ? '' : `FAULT ${fault} `}${point} ${message.key}`);
    const never = () => new Promise<never>(() => undefined);
    const crash = (): Promise<never> => {
      host.exit({ code: null, signal: 'SIGKILL' });
      return never();
    };
    if (fault === 'crash before') return crash();
    if (fault === 'lost, no answer') return never();
    await host.sleep(this.#random.between(1, 50));
    return this.#answer(host, message, fault, crash, never);
  }

  async #answer(
    host: Process,
    message: OutgoingMessage,
    fault: Fault | null,
    crash: () => Promise<never>,
    never: () => Promise<never>,
  ): Promise<SendResult> {
    switch (fault) {
      case 'asked to wait':
        throw new RetryableError('too many requests', 2_000);
      case 'refused':
        throw new PermanentError('the bot was kicked');
      case 'slow':
        await host.sleep(SEND_TIMEOUT_MS * 0.9);
        break;
      case 'taken late':
        // Long after the host has given up on it; the host need not live any more.
        this.#kernel.post(
          SEND_TIMEOUT_MS + this.#random.between(0, 30_000),
          null,
          () => void this.#take(message),
        );
        return never();
      default:
    }
    const id = this.#take(message);
    if (fault === 'taken, no answer') return never();
    if (fault === 'taken, broken answer') throw new UnknownOutcomeError('the connection broke');
    if (fault === 'crash after') return crash();
    if (!host.alive) throw new Crash('the host did not hear of it');
    return { platformMessageId: id };
  }

  /** One with idempotency keys says a thing once; the others say what they are given. */
  #take({ key, chat, thread, content, maybeRepeat }: OutgoingMessage): string {
    const known = this.name === 'keyed' ? this.#byKey.get(key) : undefined;
    if (known !== undefined) return known;
    const id = `${this.name}-${this.said.length + 1}`;
    this.#byKey.set(key, id);
    const text = content.kind === 'text' ? content.text : content.kind;
    const files = content.kind === 'text' ? content.files.length : 0;
    this.said.push({ platform: this.name, key, chat, thread, text, files, maybeRepeat });
    this.#kernel.trace(`${this.name} says ${text.slice(0, 60)} (${key})`);
    return id;
  }
}

/** The one person on it. */
export function ownerOf(platform: PlatformName): string {
  return `${platform}:person`;
}
