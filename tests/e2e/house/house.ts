/**
 * One data folder with everything a test does to it: start and stop hosts on it, talk to them by the real command line
 * or by their socket, look at what lies on disk. `close` leaves no process, no folder and no mount behind.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import type { Ending } from '../../../packages/host/test/temp-folder.ts';
import { until } from '../../../packages/host/test/until.ts';
import { giveBuilt } from '../../run/built.ts';
import { Api } from './api.ts';
import { runCommand } from './command.ts';
import { removeAll } from './engine.ts';
import { HostProcess } from './host-process.ts';
import { CLI_PROGRAM, environment, HOST_PROGRAM, NODE, type SandboxKind } from './machine.ts';
import { Records } from './records.ts';
import { type Ran, run } from './run.ts';
import { containedProcesses, type MarkedProcess, markedProcesses } from './sandboxes.ts';

/** What `ask --json` prints, and how it ended. */
export interface Asked extends Ran {
  readonly reply: string;
  readonly message: string;
  readonly session: string;
  readonly files: readonly { readonly name: string; readonly path: string; readonly size: number }[];
}

export interface UpOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A file that the host finds as its `/etc/resolv.conf`; for root alone. */
  readonly resolvConf?: string;
}

const WITH_RESOLV_CONF = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';

/** Folder of the stand-in for the built page. */
const PAGE = 'page';

export class House {
  /** Short: sockets lie in it. */
  readonly root = mkdtempSync(join(tmpdir(), 'bh-e2e-'));
  readonly data: string;
  readonly api: Api;
  readonly records: Records;
  readonly #hosts: HostProcess[] = [];
  readonly #onClose: (() => void)[] = [];
  readonly #sandbox: SandboxKind;

  constructor(sandbox: SandboxKind = 'bwrap') {
    this.#sandbox = sandbox;
    // A root host's sandboxes are another user, who must be able to walk to the data folder.
    chmodSync(this.root, 0o755);
    this.data = join(this.root, 'data');
    buildStandIn(this.path(PAGE));
    this.api = new Api(this.data);
    this.records = new Records(this.data);
  }

  /** The host that was started last. */
  get host(): HostProcess {
    const host = this.#hosts.at(-1);
    if (!host) throw new Error('no host was started in this house');
    return host;
  }

  path(name: string): string {
    return join(this.root, name);
  }

  /** Done in reverse order after the hosts are gone and before the folders go. */
  onClose(undo: () => void): void {
    this.#onClose.unshift(undo);
  }

  writeSettings(settings: object | string): void {
    mkdirSync(this.data, { recursive: true, mode: 0o700 });
    const words = typeof settings === 'string' ? settings : JSON.stringify(settings);
    writeFileSync(join(this.data, 'settings.json'), words);
  }

  env(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
    return environment(this.root, { BELLHOP_PAGE: this.path(PAGE), ...extra });
  }

  /** Starts a host; `port 0` and no browser unless the test says otherwise. */
  start({ args = ['--port', '0'], env, resolvConf }: UpOptions = {}): HostProcess {
    const up = [HOST_PROGRAM, '--data', this.data, '--no-open', '--sandbox', this.#sandbox, ...args];
    if (resolvConf === undefined) return this.started(NODE, up, env);
    return this.started('unshare', ['--mount', 'sh', '-c', WITH_RESOLV_CONF, resolvConf, NODE, ...up], env);
  }

  /** Starts whatever becomes a host, and sees to its end. */
  started(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): HostProcess {
    const host = new HostProcess(command, args, this.env(env));
    this.#hosts.push(host);
    return host;
  }

  /** Starts a host and waits until it is ready. */
  async up(options: UpOptions = {}): Promise<HostProcess> {
    giveBuilt(this.data);
    const host = this.start(options);
    await host.ready();
    return host;
  }

  /** The command line on this data folder, in this process. */
  bellhop(args: readonly string[], stdin: string | Buffer = ''): Promise<Ran> {
    return runCommand(args, { env: this.env({ BELLHOP_DATA: this.data }), stdin });
  }

  /** The command line on this data folder as a program of its own. */
  program(args: readonly string[], stdin: string | Buffer = ''): Promise<Ran> {
    return run(NODE, [CLI_PROGRAM, ...args], { env: this.env({ BELLHOP_DATA: this.data }), stdin });
  }

  async ask(text: string, thread: string, ...more: readonly string[]): Promise<Asked> {
    const ran = await this.bellhop(['ask', '--json', '--thread', thread, ...more, text]);
    const said = ran.stdout === '' ? {} : (JSON.parse(ran.stdout) as object);
    return { reply: '', message: '', session: '', files: [], ...said, ...ran };
  }

  sandboxes(): MarkedProcess[] {
    return this.#marked(this.records.installId());
  }

  #marked(installId: string): MarkedProcess[] {
    return this.#sandbox === 'docker' ? containedProcesses(installId) : markedProcesses(installId);
  }

  async close(): Promise<void> {
    const installId = this.records.installId();
    await Promise.all(this.#hosts.map((host) => host.kill()));
    await until('all sandboxes of this house are gone', () => {
      const left = this.#marked(installId);
      for (const { pid } of left) killQuietly(pid);
      return left.length === 0;
    });
    if (this.#sandbox === 'docker') removeAll(installId);
    for (const undo of this.#onClose) undo();
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** A page that says only that it is there: what the host serves is the same, and nothing is built for each house. */
function buildStandIn(dir: string): void {
  mkdirSync(join(dir, 'assets'), { recursive: true });
  const head = '<!doctype html><title>Stand-in</title><script src="/assets/app-0123.js"></script>';
  writeFileSync(join(dir, 'index.html'), head);
  writeFileSync(join(dir, 'assets/app-0123.js'), 'document.title = "ready";');
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It ended between the look and the blow.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** A house of one test. */
export function houseFor(t: Ending, sandbox?: SandboxKind): House {
  const house = new House(sandbox);
  t.after(() => house.close());
  return house;
}

/** A house with a host in it that the tests of a suite share. */
export function sharedHouse(
  settings: object = {},
  options: UpOptions & { readonly sandbox?: SandboxKind } = {},
): House {
  const house = new House(options.sandbox);
  before(async () => {
    house.writeSettings(settings);
    await house.up(options);
  });
  after(() => house.close());
  return house;
}
