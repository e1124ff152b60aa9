/**
 * kill -9 between reserve and settle: never a free call. The egress process, or the host above it (which it does not
 * outlive), is killed while calls are on their way, at points that differ from kill to kill; the endpoint counts what
 * reached it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { verify } from '../../packages/host/src/egress/audit/chain.ts';
import { AUDIT_FILE } from '../../packages/host/src/egress/audit/trail.ts';
import {
  type EgressToHost,
  type HostToEgress,
  readLines,
  toLine,
} from '../../packages/host/src/egress/frames.ts';
import { EGRESS_SOCKET } from '../../packages/host/src/egress/port.ts';
import { readUsageSums } from '../../packages/host/src/egress/usage/report.ts';
import { makeFolder } from '../../packages/host/src/folders.ts';
import { gone, openUpstream, pidOf, post } from '../../packages/host/test/egress/world.ts';
import { type Ending, tempFolder } from '../../packages/host/test/temp-folder.ts';

const PROGRAM = fileURLToPath(new URL('../../packages/host/src/egress/main.ts', import.meta.url));
const HOST = fileURLToPath(new URL('../../packages/host/test/egress/killed-host.ts', import.meta.url));
const CALLS = 4;
/** A micro-dollar for each token that comes out; an answer says that it had this many. */
const [MOST, USED] = [100, 40];
/** When the kill comes: at a call's arrival, in the middle of its answer, or some turns of the loop after its end. */
const MOMENTS = ['arrived', 'half answered', 'answered', 'answered, later'] as const;
type Moment = (typeof MOMENTS)[number];

export type Killed = 'egress' | 'host';

export interface Spent {
  readonly killed: Killed;
  /** By the moment. */
  readonly kills: Readonly<Record<Moment, number>>;
  /** Calls that reached the endpoint. */
  readonly calls: number;
  /** Lives whose calls were charged less than they can have cost. */
  readonly free: number;
  readonly chargedMicros: number;
  /** Rows of the audit that tell of a request. */
  readonly audited: number;
  /** All that is not as it must be, the free ones included. */
  readonly wrong: readonly string[];
}

export async function spend(t: Ending, killed: Killed, lives: number): Promise<Spent> {
  const dir = tempFolder(t);
  await makeFolder({ dataDir: dir, user: null }, 'private', 'egress');
  writeFileSync(join(dir, 'egress', 'prices.json'), '{"models": {"m": {"input": 0, "output": 1}}}');
  const folder = await makeFolder({ dataDir: dir, user: null }, 'shared', 'run', 's');
  const upstream = await openUpstream(t);
  const kills = Object.fromEntries(MOMENTS.map((moment) => [moment, 0])) as Record<Moment, number>;
  const wrong: string[] = [];
  let [calls, free] = [0, 0];
  const charged = () =>
    readUsageSums(join(dir, 'egress'), 'agent').reduce((sum, row) => sum + row.chargedMicros, 0);

  for (let n = 0; n < lives; n += 1) {
    const moment = MOMENTS[n % MOMENTS.length] ?? 'arrived';
    const { child, over } = await (killed === 'host' ? startHost : startEgress)(dir, folder, upstream.url);
    const before = charged();
    let [arrived, struck] = [0, false];
    const strike = () => {
      if (struck || child.signalCode !== null) return;
      struck = true;
      kills[moment] += 1;
      child.kill('SIGKILL');
    };
    upstream.handle = (incoming, response) => {
      incoming.on('end', () => {
        arrived += 1;
        // The last but one is the call that is killed: others may be settled, on their way, or not begun.
        const isIt = arrived === CALLS - 1;
        if (isIt && moment === 'arrived') return strike();
        response.setHeader('content-type', 'application/json');
        response.write(`{"usage": {"prompt_tokens": 1, `);
        if (isIt && moment === 'half answered') return void setImmediate(strike);
        response.end(`"completion_tokens": ${USED}}}`, () => {
          if (isIt) afterTurns(moment === 'answered' ? 0 : 1 + (n % 7), strike);
        });
      });
    };
    const body = `{"model": "m", "max_tokens": ${MOST}}`;
    const socket = join(folder, EGRESS_SOCKET);
    await Promise.allSettled(
      Array.from({ length: CALLS }, () => post(socket, '/model/chat/completions', body)),
    );
    strike();
    await over;
    calls += arrived;
    const paid = charged() - before;
    // The killed call pays its reservation, or, when it was answered, what it used. What never arrived may be charged,
    // too: it was reserved, and nobody can know. What arrived is never free.
    const isOpen = moment === 'arrived' || moment === 'half answered';
    const least = isOpen ? MOST + (arrived - 1) * USED : arrived * USED;
    if (paid < least) free += 1;
    if (paid < least || paid > CALLS * MOST || arrived < CALLS - 1 || !struck)
      wrong.push(`life ${n + 1}, ${moment}: ${arrived} calls arrived, and ${paid} was charged`);
  }
  const rows = readFileSync(join(dir, 'egress', AUDIT_FILE), 'utf8')
    .trimEnd()
    .split('\n');
  const { fault } = await verify(Readable.from(rows), null);
  if (fault) wrong.push(`the audit is not whole: line ${fault.line}: ${fault.why}`);
  const audited = rows.filter((row) => row.includes('"what":"request"')).length;
  if (audited < calls) wrong.push(`${calls} calls arrived, and ${audited} are in the audit`);
  return { killed, kills, calls, free, chargedMicros: charged(), audited, wrong };
}

function afterTurns(turns: number, call: () => void): void {
  if (turns === 0) call();
  else setImmediate(() => afterTurns(turns - 1, call));
}

interface Victim {
  readonly child: ChildProcess;
  /** Resolves when nothing of it runs. */
  readonly over: Promise<unknown>;
}

/** Ready, with one door open. */
type Start = (dataDir: string, folder: string, baseUrl: string) => Promise<Victim>;

const startHost: Start = async (dataDir, _folder, baseUrl) => {
  const child = spawn(process.execPath, [HOST, dataDir, baseUrl], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  await unlessClosed(closed, once(child.stdout, 'data'));
  const pid = pidOf(dataDir);
  return { child, over: closed.then(() => gone(pid)) };
};

const startEgress: Start = async (dataDir, folder, baseUrl) => {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify({ dataDir, user: null })], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { OLLAMA_HOST: '127.0.0.1:9', NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? '' },
  });
  child.stdin.on('error', () => undefined);
  const opened = Promise.withResolvers<void>();
  readLines<EgressToHost>(child.stdout, (frame) => {
    if (frame.t === 'done') opened.resolve();
    if (frame.t === 'failed') opened.reject(new Error(frame.error.message));
  });
  const endpoint = { provider: 'compatible', model: 'm', baseUrl } as const;
  const asks = { dir: folder, session: 's', agent: 'bell', generation: 1, endpoint };
  child.stdin.write(toLine({ t: 'open', n: 1, asks } satisfies HostToEgress));
  const closed = once(child, 'close');
  await unlessClosed(closed, opened.promise);
  return { child, over: closed };
};

/** A victim that ends before it is ready is an error, not a wait without end. */
async function unlessClosed(closed: Promise<unknown>, ready: Promise<unknown>): Promise<void> {
  const early = closed.then(() => Promise.reject(new Error('it ended before it was ready')));
  await Promise.race([ready, early]);
  early.catch(() => undefined);
}
