/**
 * The owner's password: for an address that others can reach. Kept as scrypt in the store, whose file nobody else can
 * read. Guessing is bounded for all who try together, since an address is easy to change; the owner's own way in, a
 * link, is not bounded by it.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import type { Store } from '../../store/port.ts';
import { passwordHash, setPasswordHash } from '../../store/sign-ins.ts';
import type { Clock } from '../../types.ts';
import { Problem } from '../problem.ts';

/** 32 MiB and about 60 ms each. */
const COST = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 } as const;
const KEY_BYTES = 32;
const SALT_BYTES = 16;
const MIN_LENGTH = 10;
export const MAX_LENGTH = 500;
const WINDOW_MS = 60_000;
const MAX_FAILURES = 5;

export interface Password {
  isSet(): Promise<boolean>;
  /** Throws a 400 for one that is too short. Signs everybody out. */
  set(password: string): Promise<void>;
  /** Throws a 429 when there were too many wrong ones, a 409 when none is set. */
  matches(password: string): Promise<boolean>;
}

export function createPassword(store: Store, clock: Clock): Password {
  /** When each failure, and each try that is under way, began. */
  const tries: number[] = [];

  function take(): number {
    const nowMs = clock.now();
    while (tries[0] !== undefined && tries[0] <= nowMs - WINDOW_MS) tries.shift();
    if (tries.length >= MAX_FAILURES) {
      const hint = 'Wait a minute, or type ./bellhop link where Bellhop runs.';
      throw new Problem(429, 'too_many_tries', 'there were too many wrong passwords', hint);
    }
    // Counted before it is looked at: tries at the same time do not pass together.
    tries.push(nowMs);
    return nowMs;
  }

  return {
    isSet: async () => (await passwordHash(store.read)) !== null,
    async set(password) {
      if (password.length < MIN_LENGTH) {
        const what = `the password is shorter than ${MIN_LENGTH} characters`;
        throw new Problem(400, 'too_short', what, 'Choose a longer one: ./bellhop password');
      }
      const salt = randomBytes(SALT_BYTES);
      const key = await derive(password, salt);
      const kept = ['scrypt', COST.N, salt.toString('base64url'), key.toString('base64url')].join('$');
      await store.transaction((sql) => setPasswordHash(sql, kept));
    },
    async matches(password) {
      const kept = await passwordHash(store.read);
      if (kept === null) {
        const hint = 'Type ./bellhop link where Bellhop runs, and open what it prints.';
        throw new Problem(409, 'no_password', 'no password is set', hint);
      }
      const triedMs = take();
      const [, , salt = '', key = ''] = kept.split('$');
      const found = await derive(password, Buffer.from(salt, 'base64url'));
      if (!timingSafeEqual(found, Buffer.from(key, 'base64url'))) return false;
      tries.splice(tries.indexOf(triedMs), 1);
      return true;
    },
  };
}

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, KEY_BYTES, COST, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}
