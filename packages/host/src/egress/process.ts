/**
 * The host's side of the egress process: starts it, starts it again when it dies, opens the doors of awake sessions
 * again, ends it.
 *
 *   starting --ready--> up --exit--> down --100 ms · 2^n--> starting
 *
 * Closed by default: without it no door opens, and so no sandbox starts. It is detached, so that a Ctrl-C in the
 * terminal reaches the host alone; its stdin is its life line.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { clipToEnd } from '@bellhop/mailbox';
import type { Folders } from '../folders.ts';
import { SandboxUnavailable } from '../sandboxes/port.ts';
import type { Clock, Log } from '../types.ts';
import {
  EGRESS_REFUSED,
  type EgressToHost,
  type HostToEgress,
  type RequestName,
  type Requests,
  readLines,
  toLine,
} from './frames.ts';
import {
  type AuditTrail,
  type BudgetAlert,
  type Door,
  type DoorPlan,
  type Egress,
  EgressError,
  type EgressListener,
  type HostAsk,
  type Known,
  type Policy,
  type Secrets,
  type Spending,
} from './port.ts';

const PROGRAM = fileURLToPath(new URL('./main.ts', import.meta.url));
/** Small heaps: bodies pass in chunks. */
const FLAGS = [
  '--max-semi-space-size=1',
  '--v8-pool-size=1',
  '--disable-warning=ExperimentalWarning',
  '--use-system-ca',
];
/** Who needs it while it starts waits this long. */
const PATIENCE_MS = 30_000;
const RESTART_BASE_MS = 100;
const RESTART_MAX_MS = 10_000;
/** One that lived for this long since it was ready had no fault that waiting would mend. */
const HEALTHY_MS = 30_000;
/** It ends by itself when its stdin does; after this it is made to. */
const STOP_GRACE_MS = 1_000;
const MAX_WORDS = 500;
const HINT = 'See why: ./bellhop logs; Bellhop starts it again by itself.';

export interface EgressDeps {
  readonly folders: Folders;
  readonly clock: Clock;
  readonly log: Log;
  /** Its whole environment (environment.ts). */
  readonly env: Readonly<Record<string, string>>;
}

interface Waiting {
  resolve(brings: unknown): void;
  reject(error: EgressError): void;
}

export class EgressProcess implements Egress, Spending, Policy, AuditTrail, Secrets {
  readonly #deps: EgressDeps;
  readonly #doors = new Set<DoorPlan>();
  readonly #waiting = new Map<number, Waiting>();
  #listener: EgressListener | null = null;
  #child: ChildProcess | null = null;
  #up = Promise.withResolvers<void>();
  #exited: Promise<void> = Promise.resolve();
  readonly #early: BudgetAlert[] = [];
  #n = 0;
  #failures = 0;
  #readyMs = 0;
  #isReady = false;
  /** The last one ended before it was ready. */
  #broken = false;
  #stopping = false;
  #cancelRestart: (() => void) | null = null;
  known: Known = { keys: [], ollama: null };

  constructor(deps: EgressDeps) {
    this.#deps = deps;
  }

  /** Returns at once; `open` waits until it is up. */
  start(): void {
    const { folders, log, env } = this.#deps;
    const config = JSON.stringify({ dataDir: folders.dataDir, user: folders.user });
    const child = spawn(process.execPath, [...FLAGS, PROGRAM, config], {
      env: { ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    const words = { text: '' };
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      words.text = clipToEnd(words.text + text, MAX_WORDS);
    });
    // It died while we wrote: 'close' follows.
    child.stdin.on('error', () => undefined);
    child.on('error', (error) => log.error('egress process', { error: error.message }));
    readLines<EgressToHost>(child.stdout, (frame) => this.#hear(child, frame));
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        resolve();
        this.#ended(signal ?? `exit code ${code}`, words.text, code === EGRESS_REFUSED);
      });
    });
  }

  /**
   * Resolves when it is up, or will not be soon. Before that it is not known which model an agent has: who wakes one
   * then would give it the demo.
   */
  async settled(): Promise<void> {
    await this.#isUp().catch((notUp: unknown) => {
      // Then no sandbox starts: `open` says so to whoever wants one.
      if (!(notUp instanceof EgressError)) throw notUp;
    });
  }

  /** What it hears from now on; one listener. */
  listen(listener: EgressListener): void {
    this.#listener = listener;
    for (const alert of this.#early.splice(0)) listener.alert(alert);
  }

  /** Resolves when the process is gone. Safe twice. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#cancelRestart?.();
    const child = this.#child;
    child?.stdin?.end();
    const cancel = this.#deps.clock.after(STOP_GRACE_MS, () => child?.kill('SIGKILL'));
    await this.#exited;
    cancel();
  }

  async open(plan: DoorPlan): Promise<Door> {
    try {
      await this.#request('open', plan);
    } catch (error) {
      if (!(error instanceof EgressError)) throw error;
      if (error.code === 'budget_asked') throw new SandboxUnavailable(error.message, error.hint);
      throw new SandboxUnavailable(
        `the way out of the sandbox cannot be opened: ${error.message}`,
        error.hint,
      );
    }
    this.#doors.add(plan);
    return {
      close: async () => {
        if (!this.#doors.delete(plan) || !this.#child) return;
        const { session, generation } = plan;
        // It died: then nothing listens any more, and the door is not among those that are opened again.
        await this.#request('close', { session, generation }).catch(() => undefined);
      },
    };
  }

  async look(): Promise<Known> {
    return this.#know(await this.#request('look', null));
  }

  async keep(name: string, value: string | null): Promise<void> {
    this.#know({ ...this.known, keys: await this.#request('secret', { name, value }) });
  }

  test: Egress['test'] = (endpoint, agent) => this.#request('test', { endpoint, agent });

  list: Egress['list'] = (endpoint) => this.#request('list', endpoint);

  hosts: Policy['hosts'] = () => this.#request('hosts', null);

  allowHost: Policy['allowHost'] = (rule) => this.#request('allow', rule);

  removeHost: Policy['removeHost'] = (rule) => this.#request('disallow', rule);

  grantHost: Policy['grantHost'] = async (grant) => {
    await this.#request('grant', grant);
  };

  secrets: Secrets['secrets'] = () => this.#request('secrets', null);

  keepSecret: Secrets['keepSecret'] = (name, value) => this.#request('keepSecret', { name, value });

  rotate: Secrets['rotate'] = () => this.#request('rotate', null);

  requestRules: Secrets['requestRules'] = () => this.#request('requestRules', null);

  addRequestRules: Secrets['addRequestRules'] = (rules) => this.#request('addRules', rules);

  removeRequestRules: Secrets['removeRequestRules'] = (which) => this.#request('removeRules', which);

  budgets: Spending['budgets'] = () => this.#request('budgets', null);

  setBudget: Spending['setBudget'] = (change) => this.#request('budget', change);

  alertTold: Spending['alertTold'] = async (id) => {
    await this.#request('alertTold', { id });
  };

  answerStop: Spending['answerStop'] = (answer) => this.#request('answer', answer);

  record: AuditTrail['record'] = async (entry) => {
    await this.#request('audit', entry);
  };

  async #request<Name extends RequestName>(
    t: Name,
    asks: Requests[Name]['asks'],
  ): Promise<Requests[Name]['brings']> {
    await this.#isUp();
    return this.#send<Name>(t, asks);
  }

  #send<Name extends RequestName>(t: Name, asks: Requests[Name]['asks']): Promise<Requests[Name]['brings']> {
    this.#n += 1;
    const n = this.#n;
    return new Promise((resolve, reject) => {
      this.#waiting.set(n, { resolve: resolve as Waiting['resolve'], reject });
      this.#child?.stdin?.write(toLine({ t, n, asks } as HostToEgress));
    });
  }

  async #isUp(): Promise<void> {
    const late = Promise.withResolvers<never>();
    const cancel = this.#deps.clock.after(PATIENCE_MS, () => late.reject(down('it does not get ready')));
    try {
      await Promise.race([this.#up.promise, late.promise]);
    } finally {
      cancel();
    }
  }

  #know(known: Known): Known {
    this.known = known;
    this.#listener?.known();
    return known;
  }

  #hear(child: ChildProcess, frame: EgressToHost): void {
    if (child !== this.#child) return;
    switch (frame.t) {
      case 'ready':
        this.#readyMs = this.#deps.clock.now();
        if (this.#broken) this.#up = Promise.withResolvers();
        this.#broken = false;
        this.#know({ keys: frame.keys, ollama: frame.ollama ?? this.known.ollama });
        // Doors that were open when it died, before anybody opens a new one.
        for (const plan of this.#doors) {
          this.#send('open', plan).catch((error: EgressError) =>
            this.#deps.log.warn('way out not opened again', { session: plan.session, error: error.message }),
          );
        }
        this.#isReady = true;
        this.#up.resolve();
        return;
      case 'call':
        this.#listener?.call(frame.call);
        return;
      case 'parked':
        this.#listener?.parked(frame.agent);
        return;
      case 'alert':
        // It stays on disk until it is told; who starts before there is a host to tell it waits.
        if (this.#listener) this.#listener.alert(frame.alert);
        else this.#early.push(frame.alert);
        return;
      case 'ask':
        void this.#ask(frame.n, frame.ask);
        return;
      case 'head':
        this.#listener?.auditHead(frame.head);
        return;
      case 'warn':
        this.#deps.log.warn('egress', { said: frame.what });
        return;
      default: {
        const waiting = this.#waiting.get(frame.n);
        this.#waiting.delete(frame.n);
        if (frame.t === 'done') waiting?.resolve(frame.brings);
        else waiting?.reject(new EgressError(frame.error.code, frame.error.message, frame.error.hint));
      }
    }
  }

  async #ask(n: number, ask: HostAsk): Promise<void> {
    const answer = (await this.#listener?.ask(ask)) ?? 'not asked';
    // It died meanwhile, and the question with it.
    await this.#send('answerAsk', { ask: n, answer }).catch(() => undefined);
  }

  /** @param inWords what it wrote is a sentence and a hint for the owner. */
  #ended(how: string, wrote: string, inWords: boolean): void {
    this.#child = null;
    if (this.#isReady) this.#up = Promise.withResolvers();
    else {
      // It cannot start, so waiting is no use: who asks hears so, until it could.
      const [why = how, hint] = inWords ? wrote.split('\n') : [];
      this.#up.promise.catch(() => undefined);
      this.#up.reject(down(why, hint));
      this.#broken = true;
    }
    this.#isReady = false;
    for (const { reject } of this.#waiting.values()) reject(down('it has just ended'));
    this.#waiting.clear();
    if (this.#stopping) return;
    this.#deps.log.error('egress process ended', { how, wrote });
    if (this.#deps.clock.now() - this.#readyMs > HEALTHY_MS) this.#failures = 0;
    const waitMs = Math.min(RESTART_BASE_MS * 2 ** this.#failures, RESTART_MAX_MS);
    this.#failures += 1;
    this.#cancelRestart = this.#deps.clock.after(waitMs, () => this.start());
  }
}

function down(why: string, hint = HINT): EgressError {
  return new EgressError('unavailable', `the egress process is not running: ${why}`, hint);
}
