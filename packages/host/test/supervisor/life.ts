/**
 * One life of a fake sandbox: a runner inside the test's own process, on the session's real folder and socket. It does
 * only what a behaviour tells it to, so a test decides at which point it dies. Not here: the real loop (runner/test).
 */
import { connect, type Socket } from 'node:net';
import type { InboundRow, OutboundId, TurnId } from '@bellhop/mailbox';
import {
  InboundReader,
  type NewOutbound,
  type OutboundAck,
  OutboundMailbox,
  selectBatch,
} from '@bellhop/mailbox/runner';
import type { HostFrame, RunnerConfig, RunnerFrame } from '@bellhop/runner/protocol';
import type { RunningSandbox, SandboxExit, SandboxSpec } from '../../src/sandboxes/port.ts';

export class Life {
  readonly config: RunnerConfig;
  readonly spec: SandboxSpec;
  readonly sandbox: RunningSandbox;
  readonly heard: HostFrame[] = [];
  /** What the host says, as it comes. */
  onFrame: (frame: HostFrame) => void = () => undefined;
  /** A kill that the kernel does not carry out, when false. */
  killable = true;
  kills = 0;
  /** Half of it is gone, when false: it runs, and nobody can go on with it. */
  whole = true;
  ended: SandboxExit | null = null;
  readonly #exit = Promise.withResolvers<SandboxExit>();
  #outbound: OutboundMailbox | null = null;
  #socket: Socket | null = null;
  #turns = 0;
  /** What the turn was shown beside its messages. */
  #context: readonly InboundRow[] = [];

  constructor(spec: SandboxSpec) {
    this.spec = spec;
    this.config = JSON.parse(spec.command.at(-1) ?? '{}') as RunnerConfig;
    const { mark } = spec;
    const kill = async (): Promise<void> => {
      this.kills += 1;
      if (!this.killable) throw new Error('the kernel holds on to it');
      this.exit(null, 'SIGKILL');
    };
    this.sandbox = { mark, identity: `fake:${mark}`, exited: this.#exit.promise, kill };
  }

  exit(code: number | null, signal: string | null = null, output = ''): void {
    if (this.ended) return;
    this.ended = { code, signal, output, why: null };
    this.#socket?.destroy();
    this.#outbound?.close();
    this.#exit.resolve(this.ended);
  }

  get outbound(): OutboundMailbox {
    this.#outbound ??= OutboundMailbox.open(this.config.outDir, this.config.generation);
    return this.#outbound;
  }

  /** Connects and says that it is ready. */
  async ready(): Promise<void> {
    const socket = connect(this.config.socketPath);
    this.#socket = socket;
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    socket.on('error', () => undefined);
    const rest = { line: '' };
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest.line + chunk).split('\n');
      rest.line = lines.pop() ?? '';
      for (const line of lines) {
        const frame = JSON.parse(line) as HostFrame;
        this.heard.push(frame);
        this.onFrame(frame);
      }
    });
    this.say({ t: 'ready', generation: this.config.generation });
  }

  say(frame: RunnerFrame): void {
    this.#socket?.write(`${JSON.stringify(frame)}\n`);
  }

  /** The host no longer hears it, nor does it hear the host. */
  hangUp(): void {
    this.#socket?.destroy();
    this.#socket = null;
  }

  /** The next batch, claimed; null when nothing is due. */
  claim(nowMs: number): { turnId: TurnId; messages: readonly InboundRow[] } | null {
    const reader = InboundReader.open(this.config.inDir);
    try {
      const context = (seq: number) => reader.context(seq);
      const batch = selectBatch(
        reader.due(nowMs),
        context,
        this.outbound.acks(),
        this.config.generation,
        this.config,
      );
      if (!batch) return null;
      this.#turns += 1;
      const turnId = batch.turnId ?? (`turn-${this.config.generation}-${this.#turns}` as TurnId);
      this.outbound.claim(turnId, batch.messages, nowMs);
      this.#context = [...batch.context, ...batch.skipped];
      return { turnId, messages: batch.messages };
    } finally {
      reader.close();
    }
  }

  /** One commit: the answers and the acks. */
  commit(
    turnId: TurnId,
    messages: readonly InboundRow[],
    texts: readonly string[],
    ack: Omit<OutboundAck, 'message'> = { status: 'completed' },
    nowMs = 0,
  ): void {
    const reader = InboundReader.open(this.config.inDir);
    const inbound = {
      seq: reader.greatestSeq(),
      acks: reader.watermark('acks_through'),
      rows: reader.watermark('rows_through'),
    };
    reader.close();
    this.outbound.commitTurn({
      turnId,
      rows: texts.map((text, n) => toRow(`${turnId}-${n}`, messages.at(-1), { text })),
      acks: [
        ...messages.map((message) => ({ ...ack, message })),
        ...this.#context.map((message) => ({ message, status: 'completed' }) as const),
      ],
      continuation: null,
      prune: { acksThrough: inbound.acks, rowsThrough: inbound.rows },
      inboundSeq: inbound.seq,
      nowMs,
    });
  }
}

export function toRow(
  id: string,
  answering: InboundRow | undefined,
  content: object,
  kind: NewOutbound['kind'] = 'chat',
): NewOutbound {
  const { channel = null, chat = null, thread = null } = answering ?? {};
  const inReplyTo = answering?.id ?? null;
  return {
    id: id as OutboundId,
    channel,
    chat,
    thread,
    inReplyTo,
    kind,
    content: JSON.stringify(content),
    dueMs: 0,
  };
}
