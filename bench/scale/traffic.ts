/**
 * Many at once: 1,000 messages over 20 awake sessions with a 21st that asks in the middle of it, and a burst of 25 into
 * one warm session. The host runs in this process, so its loop delay is measured here, the accepting included.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { House } from './house.ts';

const SESSIONS = 20;
const MESSAGES = 1_000;
const BURST = 25;

export interface Traffic {
  readonly repliesPerSecond: number;
  readonly bystanderMs: number;
  /** Event loop delay of the host, p99.9, milliseconds. */
  readonly loopDelayMs: number;
}

export async function measureTraffic(house: House): Promise<Traffic> {
  const threads = Array.from({ length: SESSIONS }, (_, n) => `t${n}`);
  await warmUp(house, [...threads, 'bystander']);
  const already = house.replies.length;
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  const from = performance.now();
  const all = Promise.all(threads.map((thread) => speak(house, thread)));
  await house.until(already + MESSAGES / 2);
  const asked = performance.now();
  await house.say('bystander', 'me too');
  await all;
  await house.until(already + MESSAGES + 1);
  loop.disable();
  const seen = house.replies.slice(already);
  inOrder(seen.filter(({ thread }) => thread === 't0').map(({ text }) => Number(text)));
  const answer = seen.find(({ thread }) => thread === 'bystander');
  const last = seen.filter(({ thread }) => thread !== 'bystander').at(-1);
  if (!answer || !last) throw new Error('somebody was not answered');
  return {
    repliesPerSecond: MESSAGES / ((last.atMs - from) / 1_000),
    bystanderMs: answer.atMs - asked,
    loopDelayMs: loop.percentile(99.9) / 1e6,
  };
}

/** @returns milliseconds from the first word to the last answer. */
export async function measureBurst(house: House): Promise<number> {
  await warmUp(house, ['burst']);
  const already = house.replies.length;
  const from = performance.now();
  await Promise.all(Array.from({ length: BURST }, (_, n) => house.say('burst', `${n}`)));
  await house.until(already + BURST);
  const seen = house.replies.slice(already);
  inOrder(seen.map(({ text }) => Number(text)));
  return (seen.at(-1)?.atMs ?? Number.NaN) - from;
}

/** As a socket does it: the next message is read when the last one was accepted, and others have had their turn. */
async function speak(house: House, thread: string): Promise<void> {
  for (let n = 0; n < MESSAGES / SESSIONS; n += 1) {
    await house.say(thread, `${n}`);
    await nextTurn();
  }
}

/** One after the other: a start costs more than what is measured here. */
async function warmUp(house: House, threads: readonly string[]): Promise<void> {
  for (const thread of threads) {
    const already = house.replies.length;
    await house.say(thread, 'hello');
    await house.until(already + 1);
  }
}

function inOrder(numbers: readonly number[]): void {
  const isSorted = numbers.every((n, at) => at === 0 || n > (numbers[at - 1] ?? 0));
  if (!isSorted || numbers.length === 0) throw new Error(`answered out of order: ${numbers.join()}`);
}
