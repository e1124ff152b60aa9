/** The real clock. */
import type { Clock } from './types.ts';

/** Node's timers hold no more; one that is longer rings early, and whoever waits looks at the clock again. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: Date.now,
  after(ms, call) {
    const timer = setTimeout(call, Math.min(ms, MAX_TIMER_MS));
    return () => clearTimeout(timer);
  },
};
