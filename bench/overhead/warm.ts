/**
 * warm.*: a message to a conversation whose sandbox is awake. From the adapter's call of accept to the entry of the
 * adapter's send; one after the other, each when the host has finished with the one before. After every message the
 * floor is sampled, so that both see the same machine.
 *
 * The commits are counted over messages of their own, so that counting costs the timed ones nothing.
 */
import { join } from 'node:path';
import type { BareCommits } from '../floors/commits.ts';
import { changeCounter } from '../host/counted.ts';
import type { Exchange, Exchanges } from './exchange.ts';

const WARM_UP = 20;
const TIMED = 300;
const COUNTED = 20;

export interface Counted {
  readonly store: number;
  readonly inbound: number;
  readonly outbound: number;
}

export interface Warm {
  readonly ms: readonly number[];
  /** Accept to the `working` frame, and from there to the send. */
  readonly claimMs: readonly number[];
  readonly answerMs: readonly number[];
  readonly commits: readonly { readonly untilSend: Counted; readonly inAll: Counted }[];
}

export async function measureWarm(host: Exchanges, floor: BareCommits): Promise<Warm> {
  const first = await host.exchange();
  for (let i = 0; i < WARM_UP; i += 1) await oneAndRest(host, floor);
  floor.clear();
  const timed: Exchange[] = [];
  for (let i = 0; i < TIMED; i += 1) timed.push(await oneAndRest(host, floor));
  const commits = [];
  for (let i = 0; i < COUNTED; i += 1) commits.push(await countOne(host, first.mailbox));
  return {
    ms: timed.map((t) => t.sendMs - t.acceptMs),
    claimMs: timed.map((t) => t.workingMs - t.acceptMs),
    answerMs: timed.map((t) => t.sendMs - t.workingMs),
    commits,
  };
}

async function oneAndRest(host: Exchanges, floor: BareCommits): Promise<Exchange> {
  const exchange = await host.exchange();
  await host.quiet();
  floor.sample();
  return exchange;
}

async function countOne(host: Exchanges, mailbox: string): Promise<{ untilSend: Counted; inAll: Counted }> {
  const now = (): Counted => ({
    store: host.store.counts.commits,
    inbound: changeCounter(join(mailbox, 'in', 'inbound.db')),
    outbound: changeCounter(join(mailbox, 'out', 'outbound.db')),
  });
  const before = now();
  let sent = before;
  await host.exchange(() => {
    sent = now();
  });
  await host.quiet();
  return { untilSend: minus(sent, before), inAll: minus(now(), before) };
}

function minus(a: Counted, b: Counted): Counted {
  return { store: a.store - b.store, inbound: a.inbound - b.inbound, outbound: a.outbound - b.outbound };
}

export function sum({ store, inbound, outbound }: Counted): number {
  return store + inbound + outbound;
}
