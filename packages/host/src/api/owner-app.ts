/**
 * The API on `DATA/bellhop.sock`: for the CLI of the owner, who is known by the file's rights (0600), so there is no
 * login. The routes of the channel `terminal`, and what only somebody at this machine may do.
 */
import type { SignInLink } from './contract.ts';
import { readBody } from './routes/input.ts';
import type { ApiRequest, App, Route } from './routing.ts';
import type { Links } from './sign-in/links.ts';
import type { Password } from './sign-in/password.ts';
import { passwordSchema } from './sign-in/routes.ts';

export const LINK_LIFE_MS = 600_000;
const MAX_BODY_BYTES = 4_096;

export interface OwnerDeps {
  readonly served: readonly Route[];
  readonly links: Links;
  readonly password: Password;
  /** Address of the page, with a slash at its end. */
  readonly url: string;
  readonly stop: () => void;
}

export function createOwnerApp({ served, links, password, url, stop }: OwnerDeps): App {
  async function setPassword(request: ApiRequest) {
    await password.set((await readBody(request, passwordSchema, MAX_BODY_BYTES)).password);
    return { status: 204, empty: true } as const;
  }

  return {
    routes: [
      ...served,
      {
        method: 'POST',
        path: '/v1/stop',
        handle: async () => {
          // After the answer is on its way.
          setImmediate(stop);
          return { status: 202, json: {} };
        },
      },
      {
        method: 'POST',
        path: '/v1/links',
        handle: async () => {
          const { token, expiresMs } = links.issue(LINK_LIFE_MS);
          const link: SignInLink = {
            url: `${url}in/${token}`,
            expiresAt: new Date(expiresMs).toISOString(),
          };
          return { status: 201, json: link };
        },
      },
      { method: 'POST', path: '/v1/password', handle: setPassword },
    ],
  };
}
