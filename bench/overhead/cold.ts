/**
 * cold.*: a message to a conversation that sleeps. From the adapter's call of accept, with its sandbox stopped for
 * idleness and everything about that settled, to the host hearing that the new sandbox has claimed the message. Before
 * each stands one start of the bare sandbox with an empty Node.
 */
import type { Exchanges } from './exchange.ts';

const WARM_UP = 3;
const TIMED = 30;

/** @param host one whose idle time is short. @param bareStart takes one sample of the floor. */
export async function measureCold(
  host: Exchanges,
  bareStart: () => Promise<number>,
): Promise<{ readonly ms: readonly number[]; readonly floorMs: readonly number[] }> {
  const ms: number[] = [];
  const floorMs: number[] = [];
  for (let i = 0; i < WARM_UP + TIMED; i += 1) {
    await host.asleep();
    const bareMs = await bareStart();
    const { acceptMs, workingMs } = await host.exchange();
    if (i < WARM_UP) continue;
    ms.push(workingMs - acceptMs);
    floorMs.push(bareMs);
  }
  await host.asleep();
  return { ms, floorMs };
}
