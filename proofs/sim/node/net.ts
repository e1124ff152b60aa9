/**
 * `node:net` between simulated processes: paths and ports are names, bytes arrive in order and after a while, a process
 * that dies hangs up. A bell may be lost or rung twice on the way, and any connection may break.
 */
import { EventEmitter } from 'node:events';
import { Crash, current, type Kernel, type Process } from '../machine/kernel.ts';

const FRAME = /"t":"(\w+)"/;

function here(): Process {
  const process = current();
  if (!process) throw new Error('the simulated network is for simulated processes');
  if (!process.alive) throw new Crash('a dead process has no sockets');
  return process;
}

export class Socket extends EventEmitter {
  readonly #process: Process;
  readonly writableLength = 0;
  destroyed = false;
  #peer: Socket | null = null;
  #arrivesMs = 0;

  constructor(process: Process) {
    super();
    this.#process = process;
    const forget = process.closing(() => this.#hangUp());
    this.once('close', forget);
  }

  join(peer: Socket): void {
    this.#peer = peer;
  }

  setEncoding(): this {
    return this;
  }

  pipe(): void {
    throw new Error('nobody speaks to a model here');
  }

  write(text: string): boolean {
    const { kernel } = this.#process;
    const peer = this.#peer;
    if (this.destroyed || !this.#process.alive || !peer) return false;
    const type = FRAME.exec(text)?.[1] ?? 'bytes';
    const possible = type === 'bell' ? ['lost', 'twice', 'cut'] : ['cut'];
    const fault = kernel.options.faults.at(`${this.#process.kind}: frame ${type}`, possible);
    if (fault !== null) kernel.trace(`FAULT ${fault} ${this.#process.kind}: frame ${type}`);
    if (fault === 'cut') this.destroy();
    if (fault === 'cut' || fault === 'lost') return false;
    for (let copy = fault === 'twice' ? 2 : 1; copy > 0; copy -= 1) this.#carry(kernel, peer, text);
    return true;
  }

  #carry(kernel: Kernel, peer: Socket, text: string): void {
    this.#arrivesMs = Math.max(this.#arrivesMs, kernel.monotonicMs + kernel.options.random.between(0.05, 1));
    kernel.post(this.#arrivesMs - kernel.monotonicMs, peer.#process, () => {
      if (!peer.destroyed) peer.emit('data', text);
    });
  }

  end(done?: () => void): this {
    this.#process.kernel.post(0, this.#process, () => {
      done?.();
      this.destroy();
    });
    return this;
  }

  destroy(): this {
    if (this.destroyed) return this;
    this.#hangUp();
    this.#process.kernel.post(0, this.#process, () => this.emit('close', false));
    return this;
  }

  /** Nobody answered. */
  refuse(): void {
    this.emit('error', new Error('connect ECONNREFUSED'));
    this.destroy();
  }

  #hangUp(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    const peer = this.#peer;
    if (peer && !peer.destroyed) this.#process.kernel.post(0.1, peer.#process, () => peer.destroy());
  }
}

export class Server extends EventEmitter {
  readonly process: Process;
  readonly #accept: (socket: Socket) => void;
  #name: string | null = null;
  #forget: () => void = () => undefined;
  maxConnections = 0;

  constructor(accept: (socket: Socket) => void) {
    super();
    this.process = here();
    this.#accept = accept;
  }

  get listening(): boolean {
    return this.#name !== null;
  }

  listen(where: string | number, ...rest: readonly unknown[]): this {
    const { kernel } = this.process;
    const done = rest.find((one) => typeof one === 'function') as (() => void) | undefined;
    if (done) this.once('listening', done);
    const name = typeof where === 'string' ? where : String(kernel.nextPort++);
    if (kernel.listening.get(name)?.process.alive) throw new Error(`EADDRINUSE ${name}`);
    kernel.listening.set(name, this);
    this.#name = name;
    this.#forget = this.process.closing(() => kernel.listening.delete(name));
    kernel.post(0, this.process, () => this.emit('listening'));
    return this;
  }

  address(): { port: number } | string | null {
    const port = Number(this.#name);
    return Number.isNaN(port) ? this.#name : { port };
  }

  close(done?: () => void): this {
    if (this.#name !== null) this.process.kernel.listening.delete(this.#name);
    this.#forget();
    this.#name = null;
    this.process.kernel.post(0, this.process, () => done?.());
    return this;
  }

  welcome(socket: Socket): void {
    this.#accept(socket);
  }
}

export function createServer(...args: readonly unknown[]): Server {
  return new Server(args.find((one) => typeof one === 'function') as (socket: Socket) => void);
}

export function connect(where: string | { readonly path: string }): Socket {
  const process = here();
  const { kernel } = process;
  const path = typeof where === 'string' ? where : where.path;
  const socket = new Socket(process);
  kernel.post(0.1, process, () => {
    const server = kernel.listening.get(path) as Server | undefined;
    if (!server?.process.alive) return socket.refuse();
    const far = new Socket(server.process);
    far.join(socket);
    socket.join(far);
    kernel.post(0.1, server.process, () => server.welcome(far));
    kernel.post(0.2, process, () => socket.emit('connect'));
  });
  return socket;
}
