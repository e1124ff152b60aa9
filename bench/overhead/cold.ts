/**
 * cold.*: a message to a conversation that sleeps. From the adapter's call of accept, with its sandbox stopped for
 * idleness and everything about that settled, to the host hearing that the new sandbox has claimed the message.
 */
import type { House } from './house.ts';

const WARM_UP = 3;
const TIMED = 30;

/** @param house one whose idle time is short. */
export async function measureCold(house: House): Promise<{ readonly ms: readonly number[] }> {
  const ms: number[] = [];
  for (let i = 0; i < WARM_UP + TIMED; i += 1) {
    await house.asleep();
    const { acceptMs, workingMs } = await house.exchange();
    if (i >= WARM_UP) ms.push(workingMs - acceptMs);
  }
  await house.asleep();
  return { ms };
}
