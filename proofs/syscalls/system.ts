/**
 * The walk over the whole way of a message: a real host and a real runner that are awake, one message that sends twice in
 * its turn, and strace attached to one of the two, which dies as it enters its n-th call of a kind. What is left must
 * answer: each of both messages once.
 *
 * Not here: `write`, by which Node wakes its own threads and fills its sockets; files are written by it nowhere on this
 * way but for the log.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../../packages/host/test/until.ts';
import { House } from '../../tests/e2e/house/house.ts';
import type { Walked } from './walk.ts';

const CALLS = ['pwrite64', 'fsync', 'fdatasync', 'ftruncate', 'unlink', 'rename', 'mkdir'] as const;
/** What follows when a message has ended for people: receipts and watermarks in inbound.db, the due index. */
const AFTERMATH_MS = 200;
const LOOK_EVERY_MS = 10;
/** The product's rules; only the waits between tries are shorter, and there is no last one. */
const SETTINGS = { retryBaseMs: 100, maxTries: 10_000 } as const;

export type Side = 'host' | 'runner';

export async function walkSystem(side: Side, every: number): Promise<Walked> {
  const house = new House('bwrap');
  try {
    house.writeSettings(SETTINGS);
    await start(house);
    const points: Record<string, number> = {};
    const failures: string[] = [];
    for (const call of CALLS) {
      points[call] = 0;
      for (let n = 1; ; n += every) {
        await answered(house, `warm-${call}-${n}`);
        const died = await oneDeath(house, side, call, n);
        if (!died) break;
        points[call] += 1;
        const said = saidTo(house, `${call}-${n}`);
        if (said.join() !== 'First,Second') failures.push(`${call} ${n}: it said [${said.join()}]`);
      }
    }
    return { operation: `the whole way, ${side}`, points, failures };
  } finally {
    await house.close();
  }
}

/** False when all went well because the way has no n-th call of this kind. */
async function oneDeath(house: House, side: Side, call: string, n: number): Promise<boolean> {
  const tracer = await attach(side === 'host' ? house.host.pid : runnerOf(house), call, n);
  const id = `${call}-${n}`;
  const watch = { over: false };
  const settled = settledIn(house, id, () => watch.over).then(() => pause(AFTERMATH_MS, false));
  const died = await Promise.race([tracer.gone.then(() => true), settled]);
  watch.over = true;
  if (!died) {
    await tracer.detach();
    return false;
  }
  if (side === 'host') {
    await house.host.exited;
    await start(house);
  }
  await answered(house, id);
  return true;
}

function start(house: House): Promise<unknown> {
  return house.up({ env: { BELLHOP_HARNESS: 'demo' } });
}

/** Says it, again if it was not taken, until it has ended. */
async function answered(house: House, id: string): Promise<void> {
  await until(`${id} is settled`, async () => isSettled(house, id));
}

async function settledIn(house: House, id: string, over: () => boolean): Promise<void> {
  while (!over() && !(await isSettled(house, id))) await pause(LOOK_EVERY_MS);
}

/** Offering it again is what a client does that got no answer, and changes nothing. */
async function isSettled(house: House, id: string): Promise<boolean> {
  try {
    const { status } = await house.api.send({ id, text: `twice ${id}` });
    return status === 202 && (await house.api.message(id)).body.settled;
  } catch (nobodyThere) {
    if (nobodyThere instanceof Error) return false;
    throw nobodyThere;
  }
}

function saidTo(house: House, id: string): string[] {
  const texts = house.records.conversation('main').filter(({ kind }) => kind === 'text');
  return texts.flatMap(({ text }) => (text.includes(`(${id})`) ? [text.split(',')[0] ?? ''] : []));
}

/** The innermost process of the sandbox: the one that is Node. */
function runnerOf(house: House): number {
  const runner = house
    .sandboxes()
    .findLast(({ pid }) => readFileSync(`/proc/${pid}/comm`, 'utf8') !== 'bwrap\n');
  if (!runner) throw new Error('no runner is awake');
  return runner.pid;
}

/** Resolves when strace watches; `gone` when what it watched is. */
async function attach(
  pid: number,
  call: string,
  n: number,
): Promise<{ readonly gone: Promise<void>; detach(): Promise<void> }> {
  const inject = `inject=${call}:signal=KILL:when=${n}`;
  const args = ['-f', '-o', '/dev/null', '-e', `trace=${call}`, '-e', inject, '-p', String(pid)];
  const child = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  // "Process N attached with M threads".
  const first = await createInterface({ input: child.stderr })[Symbol.asyncIterator]().next();
  if (!String(first.value).includes('attached')) throw new Error(`strace: ${first.value}`);
  return {
    gone,
    async detach() {
      child.kill('SIGINT');
      await gone;
    },
  };
}
