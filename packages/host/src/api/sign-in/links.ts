/**
 * One-time links to the page. In memory, and as hashes: a link need not outlive the host that printed it, and what is
 * not kept cannot be stolen.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../../types.ts';

const TOKEN_BYTES = 32;
/** More are open than anybody asked for: the oldest goes. */
const MAX_OPEN = 100;

export interface Link {
  readonly token: string;
  readonly expiresMs: number;
}

export class Links {
  readonly #clock: Clock;
  /** Hash of the token to when it ends, oldest first. */
  readonly #open = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  issue(lifeMs: number): Link {
    const token = newToken();
    const expiresMs = this.#clock.now() + lifeMs;
    this.#open.set(hashToken(token), expiresMs);
    const [oldest] = this.#open.keys();
    if (this.#open.size > MAX_OPEN && oldest !== undefined) this.#open.delete(oldest);
    return { token, expiresMs };
  }

  /** True once, for a token that was issued and is not too old. */
  use(token: string): boolean {
    const hash = hashToken(token);
    const expiresMs = this.#open.get(hash) ?? 0;
    this.#open.delete(hash);
    return expiresMs > this.#clock.now();
  }
}

/** 256 bits, as text for a URL or a cookie. */
export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url');
}

/** What is kept of a token. Plain SHA-256: there is nothing to guess in 256 bits. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
