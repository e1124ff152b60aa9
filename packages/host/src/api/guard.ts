/**
 * Which requests a listener that browsers can reach takes at all: pure decisions over the headers.
 *
 * - Host must name us. A page elsewhere whose name was made to point here (DNS rebinding) has its own name in it.
 * - What changes something must come from our own page, by Origin or Sec-Fetch-Site; SameSite alone does not tell
 *   apart two programs on one machine, because a site has no port.
 * - What reads the API must not be asked for by another site either.
 */

import { Problem } from './problem.ts';
import type { ApiRequest } from './routing.ts';

/** @param names further names that we are reached by, as of a proxy; from settings.json. */
export function createGuard(names: readonly string[]): (request: ApiRequest) => void {
  return (request) => {
    const { method, path, headers } = request;
    const host = one(headers.host).toLowerCase();
    if (!hostsOf(request.local, names).includes(host)) {
      throw new Problem(
        421,
        'wrong_host',
        'Bellhop does not go by that name',
        'Open the address that ./bellhop link prints, or add the name to hostNames in settings.json.',
      );
    }
    const site = headers['sec-fetch-site'];
    const isForeign = site !== undefined && site !== 'same-origin';
    if (method === 'GET' || method === 'HEAD') {
      // `none` is a person who typed the address.
      if (path.startsWith('/v1/') && isForeign && site !== 'none') throw crossSite();
      return;
    }
    const { origin } = headers;
    const isOurs = origin === `http://${host}` || origin === `https://${host}`;
    if (isForeign || !(origin === undefined ? site === 'same-origin' : isOurs)) throw crossSite();
  };
}

function crossSite(): Problem {
  return new Problem(
    403,
    'cross_site',
    'this was asked for by another site',
    'Use the page of Bellhop itself.',
  );
}

/** What a Host header may say on this connection. */
function hostsOf(local: ApiRequest['local'], names: readonly string[]): string[] {
  const address = local.address.replace(/^::ffff:(?=\d)/, '');
  const isLoopback = address.startsWith('127.') || address === '::1';
  const literal = address.includes(':') ? `[${address}]` : address;
  const withPort = [literal, ...(isLoopback ? ['localhost', '127.0.0.1', '[::1]'] : []), ...names];
  // A proxy in front has a port of its own, and a browser leaves out the usual one.
  const bare = local.port === 80 ? withPort : names;
  return [
    ...withPort.map((name) => `${name.toLowerCase()}:${local.port}`),
    ...bare.map((n) => n.toLowerCase()),
  ];
}

function one(header: string | string[] | undefined): string {
  return typeof header === 'string' ? header : '';
}
