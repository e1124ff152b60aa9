/** `node:timers/promises` in simulated time. */
import * as real from 'node:timers/promises';
import { current } from '../machine/kernel.ts';

export async function setTimeout<T = void>(ms = 0, value?: T): Promise<T> {
  const process = current();
  if (!process) return real.setTimeout(ms, value as T);
  await process.sleep(ms);
  return value as T;
}
