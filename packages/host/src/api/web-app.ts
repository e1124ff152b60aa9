/**
 * The page's listener: the routes of the channel `web` behind a cookie, the ways to get one, and the page itself. Its
 * one user is the owner.
 */

import { createGuard } from './guard.ts';
import { describedRoute } from './page/description.ts';
import { siteRoutes } from './page/site.ts';
import { Problem } from './problem.ts';
import type { App, Route } from './routing.ts';
import { type SignInDeps, signInRoutes } from './sign-in/routes.ts';

export interface WebDeps extends SignInDeps {
  /** Names that we are reached by, beside our addresses. */
  readonly hostNames: readonly string[];
  /** The built page. */
  readonly siteDir: string;
  readonly served: readonly Route[];
}

export function createWebApp(deps: WebDeps): App {
  return {
    routes: [
      ...siteRoutes(deps.siteDir, deps.cookies, deps.password),
      ...signInRoutes(deps),
      describedRoute,
      ...deps.served,
    ],
    guard: createGuard(deps.hostNames),
    async identify(request) {
      if (await deps.cookies.isSignedIn(request)) return;
      throw new Problem(
        401,
        'not_signed_in',
        'you are not signed in',
        'Open what this prints: ./bellhop link',
      );
    },
  };
}
