/**
 * The other process of a test: a writer that dies by SIGKILL where it is told to, or writes beside another one. Started
 * by `startChild`; it uses the library as host and runner do.
 */
import fs, { writeSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { InboundMailbox } from '../src/host/index.ts';
import { OutboundMailbox, upgradeOutbound } from '../src/runner/index.ts';
import { inboundRow, message, outRow, T0, tid, turnCommit } from './support.ts';

/** More than SQLite's page cache holds, so that pages reach the file before the commit and the journal is hot. */
const BIG = JSON.stringify({ text: 'x'.repeat(100_000) });
const BIG_COUNT = 60;

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('still alive after SIGKILL');
}

const say = (line: string) => writeSync(1, `${line}\n`);

/** The host dies while it enqueues: the last message kills it when it is read. */
function dieEnqueueing(inDir: string): void {
  const last = {
    ...message('last'),
    get content(): string {
      return die();
    },
  };
  const big = Array.from({ length: BIG_COUNT }, (_, n) => message(`big-${n}`, { content: BIG }));
  InboundMailbox.open(inDir).enqueue([...big, last]);
}

/** The runner dies in the commit of its turn, or right after it. */
function dieCommitting(outDir: string, where: string, size: string): void {
  const outbound = OutboundMailbox.open(outDir, 1);
  outbound.claim(tid('T'), [inboundRow('a'), inboundRow('b')], T0);
  const content = size === 'big' ? BIG : '{}';
  const rows = Array.from({ length: size === 'big' ? BIG_COUNT : 2 }, (_, n) =>
    outRow(`T-${n}`, { content }),
  );
  outbound.commitTurn(
    turnCommit('T', {
      rows,
      acks: ['a', 'b'].map((id) => ({ message: inboundRow(id), status: 'completed' })),
      continuation: { key: 'continuation:demo', value: 'second' },
      ...(where === 'inside' ? { beforeCommit: die } : {}),
    }),
  );
  die();
}

/** One of two writers: a row each time it is told to. At full speed one of them would keep the other from the lock. */
async function insert(outDir: string, name: string): Promise<void> {
  const outbound = OutboundMailbox.open(outDir, 1);
  say('ready');
  const rows = { added: 0 };
  for await (const _ of createInterface({ input: process.stdin })) {
    outbound.addRow(tid(name), outRow(`${name}-${rows.added}`), 40, T0);
    rows.added += 1;
    say('done');
  }
}

/** Turns without end: turn n writes three rows over several pages and one ack, and prunes what is 20 turns old. */
function writeTurns(outDir: string): void {
  const outbound = OutboundMailbox.open(outDir, 1);
  say('ready');
  for (let n = 1; ; n += 1) {
    const content = JSON.stringify({ turn: n, filler: 'y'.repeat(3_000) });
    outbound.commitTurn(
      turnCommit(`t${n}`, {
        rows: [0, 1, 2].map((part) => outRow(`t${n}-${part}`, { content })),
        acks: [{ message: inboundRow(`m${n}`), status: 'completed' }],
        prune: { acksThrough: n - 20, rowsThrough: 6 * (n - 20) },
        inboundSeq: 0,
      }),
    );
  }
}

/** Runs one step of the library and dies at its n-th call that can change a file. */
function dieAtCall(work: () => void, at: number): void {
  const seen = { calls: 0 };
  const count = (holder: object, name: string): void => {
    const real = Reflect.get(holder, name) as (...args: unknown[]) => unknown;
    Reflect.set(holder, name, function counted(this: unknown, ...args: unknown[]) {
      seen.calls += 1;
      if (seen.calls === at) die();
      return real.apply(this, args);
    });
  };
  for (const name of ['exec', 'close']) count(DatabaseSync.prototype, name);
  count(StatementSync.prototype, 'run');
  for (const name of ['copyFileSync', 'renameSync', 'fsyncSync', 'rmSync']) count(fs, name);
  syncBuiltinESMExports();
  work();
}

const [verb, dir = '', ...rest] = process.argv.slice(2);
if (verb === 'die-enqueueing') dieEnqueueing(dir);
else if (verb === 'die-committing') dieCommitting(dir, rest[0] ?? '', rest[1] ?? '');
else if (verb === 'insert') await insert(dir, rest[0] ?? '');
else if (verb === 'write-turns') writeTurns(dir);
else if (verb === 'upgrade-inbound') dieAtCall(() => InboundMailbox.open(dir).close(), Number(rest[0]));
else if (verb === 'upgrade-outbound')
  dieAtCall(() => void upgradeOutbound(join(dir, 'out'), join(dir, 'in')), Number(rest[0]));
else throw new Error(`no such verb: ${verb}`);
