/**
 * The runner's end of the session's socket: bells in both directions, live text and beats out (protocol.ts).
 *
 * Only hints travel here, so everything is best effort: with no host on the other side frames are dropped, and the
 * link connects again for as long as the runner lives.
 */
import { connect, type Socket } from 'node:net';
import { type HostFrame, MAX_FRAME_BYTES, type RunnerFrame } from './protocol.ts';

const RECONNECT_MS = 200;
/** Frames wait in memory up to here when the host is slow; then live text is dropped, in bytes. */
const MAX_QUEUED_BYTES = 256 * 1024;
/** A host that does not take the first connection within this is away, and is not waited for. */
const FIRST_WAIT_MS = 1_000;

export class HostLink {
  readonly #path: string;
  readonly #hello: RunnerFrame;
  readonly #onFrame: (frame: HostFrame) => void;
  #socket: Socket | null = null;
  /** What the loop does now; said again on every connection, because its frame may have found nobody. */
  #doing: RunnerFrame | null = null;
  readonly #first = Promise.withResolvers<void>();
  #timer: NodeJS.Timeout | null = null;
  #closed = false;
  /** When the host was last connected, in milliseconds since the epoch. */
  lastSeenMs = Date.now();

  constructor(path: string, hello: RunnerFrame, onFrame: (frame: HostFrame) => void) {
    this.#path = path;
    this.#hello = hello;
    this.#onFrame = onFrame;
  }

  open(): void {
    const socket = connect(this.#path);
    socket.setEncoding('utf8');
    socket.on('connect', () => {
      this.#socket = socket;
      this.send(this.#hello);
      // The first turn is claimed before the first connection stands, and a host that is back knows of none.
      if (this.#doing) this.send(this.#doing);
      this.#first.resolve();
      // The host may have enqueued between our last look and this connection.
      this.#onFrame({ t: 'bell' });
    });
    const lines = { rest: '' };
    socket.on('data', (chunk: string) => this.#read(lines, chunk));
    // 'close' follows every error and is where we act.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.#socket === socket) {
        this.#socket = null;
        this.lastSeenMs = Date.now();
      }
      if (!this.#closed) this.#timer = setTimeout(() => this.open(), RECONNECT_MS);
    });
  }

  /**
   * Resolves with the first connection, or soon without one. A turn that begins before it is not heard: its first words
   * are lost, and one that blocks at once looks like a runner that never got ready.
   */
  async connectedOnce(): Promise<void> {
    const timer = setTimeout(this.#first.resolve, FIRST_WAIT_MS);
    await this.#first.promise;
    clearTimeout(timer);
  }

  #read(lines: { rest: string }, chunk: string): void {
    const parts = (lines.rest + chunk).split('\n');
    lines.rest = (parts.pop() ?? '').slice(0, MAX_FRAME_BYTES);
    for (const part of parts) {
      const frame = JSON.parse(part) as HostFrame;
      this.#onFrame(frame);
    }
  }

  get connected(): boolean {
    return this.#socket !== null;
  }

  send(frame: RunnerFrame): void {
    if (frame.t === 'working' || frame.t === 'idle') this.#doing = frame;
    const socket = this.#socket;
    if (!socket || (frame.t === 'live' && socket.writableLength > MAX_QUEUED_BYTES)) return;
    socket.write(`${JSON.stringify(frame)}\n`);
  }

  /** Resolves when what was sent is on its way. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    const socket = this.#socket;
    if (socket) await new Promise<void>((resolve) => socket.end(resolve).once('close', () => resolve()));
  }
}
