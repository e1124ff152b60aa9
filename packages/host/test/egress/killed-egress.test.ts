/**
 * kill -9 between reserve and settle: never a free call. The egress process, or the host above it (which it does not
 * outlive), killed while calls are on their way at points that differ from kill to kill; the endpoint counts what reached
 * it. BELLHOP_TEST_KILLS=300 for a long run of each.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { verify } from '../../src/egress/audit/chain.ts';
import { AUDIT_FILE } from '../../src/egress/audit/trail.ts';
import { type EgressToHost, type HostToEgress, readLines, toLine } from '../../src/egress/frames.ts';
import { EGRESS_SOCKET } from '../../src/egress/port.ts';
import { readUsageSums } from '../../src/egress/usage/report.ts';
import { makeFolder } from '../../src/folders.ts';
import { tempFolder } from '../temp-folder.ts';
import { gone, openUpstream, pidOf, post } from './world.ts';

const KILLS = Number(process.env.BELLHOP_TEST_KILLS ?? 12);
const PROGRAM = fileURLToPath(new URL('../../src/egress/main.ts', import.meta.url));
const HOST = fileURLToPath(new URL('./killed-host.ts', import.meta.url));
const CALLS = 4;
/** A micro-dollar for each token that comes out; an answer says that it had this many. */
const [MOST, USED] = [100, 40];
/** When the kill comes: at a call's arrival, in the middle of its answer, or some turns of the loop after its end. */
const MOMENTS = ['arrived', 'half answered', 'answered', 'answered, later'] as const;

test(`attack: ${KILLS} kills between reserve and settle: each call that went out is charged, most or used`, (t) =>
  chargedFor(t, startEgress));

test(`attack: ${KILLS} kills of the host above it: the same, and the egress process is gone each time`, (t) =>
  chargedFor(t, startHost));

async function chargedFor(t: TestContext, start: Start): Promise<void> {
  const dir = tempFolder(t);
  await makeFolder({ dataDir: dir, user: null }, 'private', 'egress');
  writeFileSync(join(dir, 'egress', 'prices.json'), '{"models": {"m": {"input": 0, "output": 1}}}');
  const folder = await makeFolder({ dataDir: dir, user: null }, 'shared', 'run', 's');
  const upstream = await openUpstream(t);
  const seen = { arrived: 0, answered: 0, killed: 0 };
  const killed = new Map<string, number>();
  const charged = () =>
    readUsageSums(join(dir, 'egress'), 'agent').reduce((sum, row) => sum + row.chargedMicros, 0);

  for (let n = 0; n < KILLS; n += 1) {
    const moment = MOMENTS[n % MOMENTS.length] ?? 'arrived';
    const { child, gone } = await start(dir, folder, upstream.url);
    const before = { arrived: seen.arrived, charged: charged(), kills: seen.killed };
    const kill = () => {
      if (child.signalCode !== null || child.killed) return;
      seen.killed += 1;
      killed.set(moment, (killed.get(moment) ?? 0) + 1);
      child.kill('SIGKILL');
    };
    upstream.handle = (incoming, response) => {
      incoming.on('end', () => {
        seen.arrived += 1;
        const nth = seen.arrived - before.arrived;
        // The last but one is the call that is killed: others may be settled, on their way, or not begun.
        if (nth === CALLS - 1 && moment === 'arrived') return kill();
        response.setHeader('content-type', 'application/json');
        response.write(`{"usage": {"prompt_tokens": 1, `);
        if (nth === CALLS - 1 && moment === 'half answered') return void setImmediate(kill);
        response.end(`"completion_tokens": ${USED}}}`, () => {
          seen.answered += 1;
          if (nth === CALLS - 1) afterTurns(moment === 'answered' ? 0 : 1 + (n % 7), kill);
        });
      });
    };
    const socket = join(folder, EGRESS_SOCKET);
    const body = `{"model": "m", "max_tokens": ${MOST}}`;
    const path = '/model/chat/completions';
    await Promise.allSettled(Array.from({ length: CALLS }, () => post(socket, path, body)));
    kill();
    await gone;
    const arrived = seen.arrived - before.arrived;
    const paid = charged() - before.charged;
    assert.ok(arrived >= CALLS - 1, `${arrived} calls arrived`);
    assert.equal(seen.killed, before.kills + 1);
    // What never arrived may be charged too: it was reserved, and nobody can know. What arrived is never free.
    assert.ok(paid >= arrived * USED, `${moment}: ${arrived} calls arrived, and ${paid} was charged`);
    assert.ok(paid <= CALLS * MOST, `${moment}: ${paid} was charged for ${CALLS} calls`);
    if (moment === 'arrived' || moment === 'half answered') {
      assert.ok(paid >= MOST + (arrived - 1) * USED, `${moment}: the killed call pays its reservation`);
    }
  }
  // Whatever died when: the audit is whole, and has a row for each call that arrived.
  const rows = readFileSync(join(dir, 'egress', AUDIT_FILE), 'utf8')
    .trimEnd()
    .split('\n');
  assert.equal((await verify(linesOf(rows), null)).fault, null);
  const told = rows.filter((row) => row.includes('"what":"request"')).length;
  assert.ok(told >= seen.arrived, `${seen.arrived} calls arrived, and ${told} are in the audit`);
  assert.equal(seen.killed, KILLS);
  assert.equal(killed.size, MOMENTS.length);
  t.diagnostic(`${seen.killed} kills, ${seen.arrived} calls arrived, ${charged()} charged`);
}

async function* linesOf(rows: readonly string[]): AsyncGenerator<string> {
  yield* rows;
}

function afterTurns(turns: number, call: () => void): void {
  if (turns === 0) call();
  else setImmediate(() => afterTurns(turns - 1, call));
}

interface Victim {
  readonly child: ChildProcess;
  /** Resolves when nothing of it runs. */
  readonly gone: Promise<unknown>;
}

/** Ready, with one door open. */
type Start = (dataDir: string, folder: string, baseUrl: string) => Promise<Victim>;

async function startHost(dataDir: string, _folder: string, baseUrl: string): Promise<Victim> {
  const child = spawn(process.execPath, [HOST, dataDir, baseUrl], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const pid = pidOf(dataDir);
  return { child, gone: once(child, 'close').then(() => gone(pid)) };
}

async function startEgress(dataDir: string, folder: string, baseUrl: string): Promise<Victim> {
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
  await opened.promise;
  return { child, gone: once(child, 'close') };
}
