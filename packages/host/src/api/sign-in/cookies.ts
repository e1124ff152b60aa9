/** The cookie of a browser that has signed in. Cookies know no ports, so its name holds the install's id. */

import type { Store } from '../../store/port.ts';
import { addSignIn, isSignedIn, removeSignIn } from '../../store/sign-ins.ts';
import type { Clock } from '../../types.ts';
import type { ApiRequest } from '../routing.ts';
import { hashToken, newToken } from './links.ts';

const LIFE_S = 30 * 86_400;
const TOKEN = /^[\w-]{43}$/;
/** Other programs of this machine can put cookies of our name beside ours; no more than these are looked at. */
const MAX_LOOKED_AT = 4;

export interface Cookies {
  /** Durable when it resolves. Returns the `set-cookie` header. */
  signIn(): Promise<string>;
  isSignedIn(request: ApiRequest): Promise<boolean>;
  /** Returns the header that removes it. */
  signOut(request: ApiRequest): Promise<string>;
}

export function createCookies(store: Store, clock: Clock, installId: string): Cookies {
  const name = `bellhop_${installId}`;
  const header = (value: string, lifeS: number) =>
    `${name}=${value}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${lifeS}`;
  return {
    async signIn() {
      const token = newToken();
      const expiresMs = clock.now() + LIFE_S * 1_000;
      await store.transaction((sql) => addSignIn(sql, hashToken(token), expiresMs));
      return header(token, LIFE_S);
    },
    async isSignedIn(request) {
      for (const token of tokensOf(request, name)) {
        if (await isSignedIn(store.read, hashToken(token), clock.now())) return true;
      }
      return false;
    },
    async signOut(request) {
      await store.transaction(async (sql) => {
        for (const token of tokensOf(request, name)) await removeSignIn(sql, hashToken(token));
      });
      return header('', 0);
    },
  };
}

function tokensOf({ headers }: ApiRequest, name: string): string[] {
  const all = typeof headers.cookie === 'string' ? headers.cookie.split(/; */) : [];
  return all
    .filter((cookie) => cookie.startsWith(`${name}=`))
    .map((cookie) => cookie.slice(name.length + 1))
    .filter((token) => TOKEN.test(token))
    .slice(0, MAX_LOOKED_AT);
}
