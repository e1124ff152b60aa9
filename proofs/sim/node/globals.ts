/**
 * Time, chance and the process itself, as simulated code finds them in its globals. Outside of simulated processes they
 * are the real ones, so this is done once and stays.
 */
import { EventEmitter } from 'node:events';
import { Crash, current } from '../machine/kernel.ts';

type Call = (...args: unknown[]) => void;

/** What `setTimeout` and its like return. */
class Timer {
  readonly cancel: () => void;
  constructor(cancel: () => void) {
    this.cancel = cancel;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}

/** An HTTP server that nobody speaks to. */
class SilentServer extends EventEmitter {
  maxConnections = 0;
  listen(): this {
    const process = current();
    process?.kernel.post(0, process, () => this.emit('listening'));
    return this;
  }
  address(): null {
    return null;
  }
  close(done?: () => void): this {
    const process = current();
    process?.kernel.post(0, process, () => done?.());
    return this;
  }
  closeAllConnections(): void {}
}

export function standInForGlobals(): void {
  const real = { setTimeout, setInterval, setImmediate, clearTimeout, clearImmediate };
  const { now } = Date;
  const { random } = Math;
  const { exit, getBuiltinModule } = process;
  const once = (ms: number, call: Call, args: readonly unknown[]): Timer | null => {
    const own = current();
    return own ? new Timer(own.kernel.post(ms, own, () => call(...args))) : null;
  };
  const every = (ms: number, call: Call, args: readonly unknown[]): Timer | null => {
    const own = current();
    if (!own) return null;
    let cancel = (): void => undefined;
    const round = (): void => {
      cancel = own.kernel.post(ms, own, () => {
        round();
        call(...args);
      });
    };
    round();
    return new Timer(() => cancel());
  };
  const clearing = (clear: (timer: never) => void) => (timer: unknown) =>
    timer instanceof Timer ? timer.cancel() : clear(timer as never);
  Object.assign(globalThis, {
    setTimeout: (call: Call, ms = 0, ...args: unknown[]) =>
      once(ms, call, args) ?? real.setTimeout(call, ms, ...args),
    setInterval: (call: Call, ms = 0, ...args: unknown[]) =>
      every(ms, call, args) ?? real.setInterval(call, ms, ...args),
    setImmediate: (call: Call, ...args: unknown[]) => once(0, call, args) ?? real.setImmediate(call, ...args),
    clearTimeout: clearing(real.clearTimeout),
    clearInterval: clearing(real.clearTimeout),
    clearImmediate: clearing(real.clearImmediate),
  });
  Date.now = () => current()?.kernel.wallMs ?? now();
  Math.random = () => current()?.kernel.options.random.next() ?? random();
  const realNow = performance.now.bind(performance);
  performance.now = () => current()?.kernel.monotonicMs ?? realNow();
  process.exit = (code) => {
    const own = current();
    if (!own) return exit(code);
    own.exit({ code: Number(code ?? 0), signal: null });
    throw new Crash(`${own.name} has exited`);
  };
  process.getBuiltinModule = ((name: string) =>
    current() && name === 'node:http'
      ? { createServer: () => new SilentServer() }
      : getBuiltinModule(name as 'node:http')) as typeof getBuiltinModule;
  // Each runner listens for a signal and to its streams; hundreds of them live in this one process.
  for (const emitter of [process, process.stdout, process.stderr]) emitter.setMaxListeners(0);
  process.on('unhandledRejection', (error) => {
    const own = current();
    if (!own) throw error;
    if (own.alive && !(error instanceof Crash)) own.kernel.onUncaught(own, error);
  });
}
