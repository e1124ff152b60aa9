/**
 * A channel whose every send is scripted by the test, and that notes what it was asked. `inside` is called in mid-send:
 * that is where a test looks at what is on disk. Not a platform: that one keeps what it took (channels/test).
 */
import type {
  Channel,
  ChannelCapabilities,
  ChannelSink,
  OutgoingMessage,
  SendResult,
} from '@bellhop/channels';

type Answer = (message: OutgoingMessage, signal: AbortSignal) => Promise<SendResult>;

export class FakeChannel implements Channel {
  readonly name: string;
  readonly capabilities: ChannelCapabilities;
  readonly calls: OutgoingMessage[] = [];
  readonly confirmed: OutgoingMessage[] = [];
  readonly typed: string[] = [];
  sink: ChannelSink | null = null;
  #answers: Answer[] = [];
  /** Used when the script is at its end. */
  always: Answer = async () => this.#confirm();
  inside: (message: OutgoingMessage) => Promise<void> | void = () => undefined;

  constructor(capabilities: Partial<ChannelCapabilities> = {}, name = 'fake') {
    this.name = name;
    const defaults = {
      maxTextLength: 4_000,
      threads: true,
      onUnknown: 'resend-same-key',
      sendTimeoutMs: 10_000,
    } as const;
    this.capabilities = { ...defaults, ...capabilities };
  }

  /** The next sends end like this, one after the other; null confirms. */
  script(...answers: (Answer | Error | null)[]): void {
    this.#answers = answers.map((answer): Answer => {
      if (answer === null) return async () => this.#confirm();
      if (answer instanceof Error) return () => Promise.reject(answer);
      return answer;
    });
  }

  #confirm(): SendResult {
    return { platformMessageId: `platform-${this.calls.length}` };
  }

  async start(sink: ChannelSink): Promise<void> {
    this.sink = sink;
  }

  async stop(): Promise<void> {
    this.sink = null;
  }

  async send(message: OutgoingMessage, signal: AbortSignal): Promise<SendResult> {
    this.calls.push(message);
    const answer = this.#answers.shift() ?? this.always;
    await this.inside(message);
    const result = await answer(message, signal);
    this.confirmed.push(message);
    return result;
  }

  typing(chat: string, thread: string | null, on: boolean): void {
    this.typed.push(`${chat}/${thread ?? 'main'} ${on ? 'on' : 'off'}`);
  }

  /** What was confirmed, as text. */
  get texts(): string[] {
    return this.confirmed.map(({ content }) => ('text' in content ? content.text : content.kind));
  }
}

/** A send that never ends by itself. */
export function hang(): Promise<SendResult> {
  return new Promise(() => undefined);
}
