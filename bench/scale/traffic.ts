/**
 * Many at once: 1,000 messages over 20 awake sessions with a 21st that asks in the middle of it, and a burst of 25 into
 * one warm session. The host runs in this process, so its loop delay is measured here, the accepting included.
 *
 * The floor of all of it is what one message cannot do without, five bare commits. They are sampled before every round,
 * when the host has nothing to do.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FIVE_COMMITS, openBareCommits } from '../floors/commits.ts';
import { IDLE_LOOP, type LoopWatch, watchLoop } from '../floors/idle-loop.ts';
import type { Measured } from '../report.ts';
import { type HostWithReplies, openWithReplies } from './replies.ts';

const SESSIONS = 20;
const MESSAGES = 1_000;
const BURST = 25;
const ROUNDS = 7;
const FLOORS_A_ROUND = 15;

/** @param dataDir one that is not there yet. */
export async function measureManyAtOnce(dataDir: string, floorDir: string): Promise<Measured[]> {
  const host = await openWithReplies(dataDir, SESSIONS + 10);
  const commits = openBareCommits(floorDir);
  const loop = watchLoop();
  const reply: number[] = [];
  const bystander: number[] = [];
  const burst: number[] = [];
  /** The sessions are awake, and what the round before left to do is done. */
  const settle = async (threads: readonly string[]) => {
    await host.quiet();
    await warmUp(host, threads);
    await host.quiet();
    for (let i = 0; i < FLOORS_A_ROUND; i += 1) commits.sample();
  };
  try {
    for (let n = 0; n < ROUNDS; n += 1) {
      await settle([...threadNames(), 'bystander']);
      const round = await measureTraffic(host, loop);
      reply.push(round.replyMs);
      bystander.push(round.bystanderMs);
      await settle(['burst']);
      burst.push(await measureBurst(host));
    }
  } finally {
    loop.close();
    commits.close();
    await host.stop();
  }
  const floor = { what: FIVE_COMMITS, samples: commits.opened };
  return [
    { name: 'traffic.reply', unit: 'ms', samples: reply, floor, limit: { times: 2 } },
    // As if all 20 were served before it, one after the other, three times.
    { name: 'traffic.bystander', unit: 'ms', samples: bystander, floor, limit: { times: 3 * SESSIONS } },
    {
      ...{ name: 'traffic.loop.p99.9', unit: 'ms', samples: loop.own },
      ...{ floor: { what: IDLE_LOOP, samples: loop.idle }, limit: { times: 15 } },
    },
    // As if one came after the other, each in the time that a message may take.
    { name: 'burst.25', unit: 'ms', samples: burst, floor, limit: { times: 2 * BURST } },
  ];
}

function threadNames(): string[] {
  return Array.from({ length: SESSIONS }, (_, n) => `t${n}`);
}

async function measureTraffic(
  host: HostWithReplies,
  loop: LoopWatch,
): Promise<{ readonly replyMs: number; readonly bystanderMs: number }> {
  const already = host.replies.length;
  const from = performance.now();
  const askedMs = await loop.during(async () => {
    const all = Promise.all(threadNames().map((thread) => speak(host, thread)));
    await host.until(already + MESSAGES / 2);
    const asked = performance.now();
    await host.say('bystander', 'me too');
    await all;
    await host.until(already + MESSAGES + 1);
    return asked;
  });
  const seen = host.replies.slice(already);
  inOrder(seen.filter(({ thread }) => thread === 't0').map(({ text }) => Number(text)));
  const answer = seen.find(({ thread }) => thread === 'bystander');
  const last = seen.filter(({ thread }) => thread !== 'bystander').at(-1);
  if (!answer || !last) throw new Error('somebody was not answered');
  return { replyMs: (last.atMs - from) / MESSAGES, bystanderMs: answer.atMs - askedMs };
}

/** @returns milliseconds from the first word to the last answer. */
async function measureBurst(host: HostWithReplies): Promise<number> {
  const already = host.replies.length;
  const from = performance.now();
  await Promise.all(Array.from({ length: BURST }, (_, n) => host.say('burst', `${n}`)));
  await host.until(already + BURST);
  const seen = host.replies.slice(already);
  inOrder(seen.map(({ text }) => Number(text)));
  return (seen.at(-1)?.atMs ?? Number.NaN) - from;
}

/** As a socket does it: the next message is read when the last one was accepted, and others have had their turn. */
async function speak(host: HostWithReplies, thread: string): Promise<void> {
  for (let n = 0; n < MESSAGES / SESSIONS; n += 1) {
    await host.say(thread, `${n}`);
    await nextTurn();
  }
}

/** One after the other: a start costs more than what is measured here. */
async function warmUp(host: HostWithReplies, threads: readonly string[]): Promise<void> {
  for (const thread of threads) {
    const already = host.replies.length;
    await host.say(thread, 'hello');
    await host.until(already + 1);
  }
}

function inOrder(numbers: readonly number[]): void {
  const isSorted = numbers.every((n, at) => at === 0 || n > (numbers[at - 1] ?? 0));
  if (!isSorted || numbers.length === 0) throw new Error(`answered out of order: ${numbers.join()}`);
}
