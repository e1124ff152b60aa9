/**
 * May this request to a host pass, and with which secrets? Pure: a request's head and the rules for its host in, a
 * verdict out. Closed by default.
 *
 * In a place that a secret of this host may take, nothing of the agent's own is passed on. From an answer of such a host
 * every one of its secrets is taken out, so it must come in pieces that can be read: no compression, no ranges.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { agreedHost, type HostPort } from '../policy/host-names.ts';
import { isPlain, readTarget } from '../policy/paths.ts';
import { readPlacing, withoutHeader, withoutParameter } from '../policy/placing.ts';
import { matching } from '../policy/requests.ts';
import type { HostRule, RequestRule } from '../port.ts';
import type { Refusal } from '../refusals.ts';
import { ENDED } from './refusals.ts';

/** What an agent may do at one host. */
export interface Way {
  readonly isPrivate: boolean;
  /** Every method and path, by a rule for the whole host. */
  readonly isWhole: boolean;
  readonly rules: readonly RequestRule[];
}

/** Rules add up: the one for the whole host, and those by method and path. Null: there is none. */
export function wayBy(whole: Pick<HostRule, 'isPrivate'> | null, rules: readonly RequestRule[]): Way | null {
  if (whole === null && rules.length === 0) return null;
  const isPrivate = (whole?.isPrivate ?? false) || rules.some((rule) => rule.isPrivate);
  return { isPrivate, isWhole: whole !== null, rules };
}

export interface Grant {
  readonly secret: string;
  readonly placing: string;
}

export interface PassedOn {
  readonly kind: 'pass';
  readonly method: string;
  readonly path: string;
  /** Null when there is none. */
  readonly query: string | null;
  readonly headers: IncomingHttpHeaders;
  /** To be placed, each in a place of its own. */
  readonly placed: readonly Grant[];
  /** All that this host may ever be shown: to be taken out of its answer. */
  readonly guarded: readonly Grant[];
}

export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** Each Host header: two of them are a trick, though the first would count. */
  readonly hosts: readonly string[];
}

export type RequestVerdict = PassedOn | { readonly kind: 'refuse'; readonly refusal: Refusal };

const HOP_BY_HOP =
  /^(connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|proxy-.*|http2-settings)$/;
const NEVER = ['CONNECT', 'TRACE', 'TRACK'];

export function judgeRequest(request: RequestHead, to: HostPort, way: Way | null): RequestVerdict {
  const { method, headers, hosts } = request;
  const target = readTarget(request.target);
  if (!target || NEVER.includes(method)) return refuse(ENDED.strange);
  const [named, ...more] = hosts;
  if (named === undefined || more.length > 0) return refuse(ENDED.strange);
  if (!agreedHost(`${to.host}:${to.port}`, named)) return refuse(ENDED.notThisHost);
  const found = matching(way?.rules ?? [], method, target.path);
  if (!way?.isWhole && found.length === 0)
    return refuse(isPlain(target.path) ? ENDED.notAllowed : ENDED.notPlain);
  const guarded = grantsIn(way?.rules ?? []);
  const clean = withoutPlaces(guarded, passing(headers), target.query);
  if (clean === null) return refuse(ENDED.strange);
  const mayHide = guarded.length > 0;
  return {
    kind: 'pass',
    method,
    path: target.path,
    query: clean.query,
    headers: { ...(mayHide ? readable(clean.headers) : clean.headers), host: hostHeader(to) },
    placed: onePerPlace(grantsIn(found)),
    guarded,
  };
}

/** The request line's path and the headers with the secrets in their places. */
export function withSecrets(
  { path, query, headers, placed }: PassedOn,
  secretOf: (name: string) => string | null,
): { readonly target: string; readonly headers: IncomingHttpHeaders } | null {
  const own: Record<string, string> = {};
  const parameters = query === null || query === '' ? [] : [query];
  for (const { secret, placing } of placed) {
    const value = secretOf(secret);
    const place = readPlacing(placing);
    if (value === null || place === null) return null;
    if (place.in === 'header') own[place.name] = place.text(value);
    else parameters.push(`${place.name}=${encodeURIComponent(value)}`);
  }
  const target = parameters.length === 0 && query === null ? path : `${path}?${parameters.join('&')}`;
  return { target, headers: { ...headers, ...own } };
}

function grantsIn(rules: readonly RequestRule[]): Grant[] {
  return rules.flatMap(({ secret, placing }) =>
    secret === null || placing === null ? [] : [{ secret, placing }],
  );
}

function onePerPlace(grants: readonly Grant[]): Grant[] {
  const byPlace = new Map<string, Grant>();
  for (const grant of grants) {
    const place = readPlacing(grant.placing);
    const key = `${place?.in} ${place?.name.toLowerCase()}`;
    if (!byPlace.has(key)) byPlace.set(key, grant);
  }
  return [...byPlace.values()];
}

/** Null when the query cannot be read. */
function withoutPlaces(
  grants: readonly Grant[],
  headers: IncomingHttpHeaders,
  query: string | null,
): { readonly headers: IncomingHttpHeaders; readonly query: string | null } | null {
  let left = { headers, query };
  for (const { placing } of grants) {
    const place = readPlacing(placing);
    if (place?.in === 'header') left = { ...left, headers: withoutHeader(left.headers, place.name) };
    else if (place && left.query !== null) {
      const cleaned = withoutParameter(left.query, place.name);
      if (cleaned === null) return null;
      left = { ...left, query: cleaned };
    }
  }
  return left;
}

/** Without what is between the two ends of one connection, and what the client says is. */
function passing(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !HOP_BY_HOP.test(name) && !named.includes(name)),
  );
}

/** The answer comes whole and as it is: a secret cut in two by ranges, or packed, would not be found in it. */
function readable(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const { range, 'if-range': ifRange, ...others } = headers;
  return { ...others, 'accept-encoding': 'identity' };
}

function hostHeader({ host, port }: HostPort): string {
  return port === 443 ? host : `${host}:${port}`;
}

function refuse(refusal: Refusal): RequestVerdict {
  return { kind: 'refuse', refusal };
}
