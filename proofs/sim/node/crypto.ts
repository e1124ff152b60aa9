/** `node:crypto` with ids from the seed. Hashes and ciphers are the real ones. */
import * as real from 'node:crypto';
import { current } from '../machine/kernel.ts';

export * from 'node:crypto';

export function randomUUID(): string {
  const process = current();
  if (!process) return real.randomUUID();
  return dashed(process.kernel.options.random.hex(32));
}

/** Ordered by time, as the real ones are. */
export function randomUUIDv7(): string {
  const process = current();
  if (!process) return real.randomUUIDv7();
  const { wallMs, options } = process.kernel;
  return dashed(`${wallMs.toString(16).padStart(12, '0')}7${options.random.hex(19)}`);
}

export function randomBytes(size: number): Buffer {
  const process = current();
  return process ? Buffer.from(process.kernel.options.random.hex(2 * size), 'hex') : real.randomBytes(size);
}

function dashed(hex: string): string {
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
