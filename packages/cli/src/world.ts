/**
 * Everything a command touches outside of itself, passed in: streams, clock, ids, environment. `main.ts` makes the real
 * one; tests make another. No other file here reads the clock, makes an id or looks at `process`.
 */
import type { Readable, Writable } from 'node:stream';

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms`, or as soon as the signal is aborted; never rejects, leaves no timer behind. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface World {
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(on: boolean): unknown };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
  readonly clock: Clock;
  newId(): string;
  /** The command line's bytes as the kernel has them; null where that cannot be known. */
  rawArgs(): Uint8Array | null;
  /** Aborted by Ctrl-C. */
  readonly interrupted: AbortSignal;
}
