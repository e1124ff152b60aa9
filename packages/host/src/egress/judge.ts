/**
 * May this request pass, and as what? Pure: a request line and headers in, a verdict out.
 *
 * Closed by default: a path passes when it is plain (no escapes, no dots, no empty segment) and stands in the
 * provider's table; a header passes when it stands in ours. So no credential, cookie, hop-by-hop or Host header of the
 * sandbox ever leaves it, whatever it is called.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { type BodyFormat, type Endpoint, PROVIDERS } from './providers.ts';
import { REFUSALS, type Refusal } from './refusals.ts';

export const MAX_BODY_BYTES = 32 * 1024 * 1024;

export interface Passed {
  readonly kind: 'pass';
  readonly endpoint: Endpoint;
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  /** Null: it costs nothing. */
  readonly format: BodyFormat | null;
  /** Without the key: that is added last, in forward.ts. */
  readonly headers: Readonly<Record<string, string>>;
}

export type Verdict = Passed | { readonly kind: 'refuse'; readonly refusal: Refusal };

const PREFIX = '/model';
/** The way below `/model`, then the query; nothing that a second reader could read differently. */
const TARGET = /^((?:\/[\w:@~.-]+)+)(?:\?([\w.=&-]*))?$/;
const DOTS = /\/\.{1,2}(\/|$)/;
const REQUEST_HEADERS =
  /^(accept|content-type|user-agent|idempotency-key|openai-beta|http-referer|x-title|anthropic-(version|beta)|x-goog-api-client|x-stainless-[\w-]+)$/;
const RESPONSE_HEADERS =
  /^(content-type|cache-control|retry-after(-ms)?|x-should-retry|request-id|x-request-id|anthropic-ratelimit-[\w-]+|x-ratelimit-[\w-]+|openai-processing-ms)$/;

export function judge(
  request: { readonly method: string; readonly target: string; readonly headers: IncomingHttpHeaders },
  endpoint: Endpoint | null,
): Verdict {
  const { method, target, headers } = request;
  if (!target.startsWith('/')) return refuse(REFUSALS.plain);
  if (headers.upgrade !== undefined) return refuse(REFUSALS.strange);
  if (target !== PREFIX && !target.startsWith(`${PREFIX}/`)) return refuse(REFUSALS.path);
  const [, path, query = ''] = TARGET.exec(target.slice(PREFIX.length)) ?? [];
  if (path === undefined || DOTS.test(path)) return refuse(REFUSALS.strange);
  if (endpoint === null) return refuse(REFUSALS.noModel);
  const rule = PROVIDERS[endpoint.provider].allowed.find(
    (one) => one.method === method && one.path.test(path),
  );
  if (!rule) return refuse(REFUSALS.path);
  const length = headers['content-length'];
  if (length !== undefined && Number(length) > MAX_BODY_BYTES) return refuse(REFUSALS.tooBig);
  const passed = Object.entries(headers).flatMap(([name, value]) =>
    REQUEST_HEADERS.test(name) && typeof value === 'string' ? [[name, value] as const] : [],
  );
  return {
    kind: 'pass',
    endpoint,
    method: rule.method,
    format: rule.format ?? null,
    url: targetUrl(endpoint, path, withoutKey(query)),
    // Only what we can read can be metered, and searched for the key.
    headers: { ...Object.fromEntries(passed), 'accept-encoding': 'identity' },
  };
}

export function targetUrl(endpoint: Endpoint, path: string, query = ''): URL {
  const base = endpoint.baseUrl ?? PROVIDERS[endpoint.provider].baseUrl ?? '';
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/$/, '')}${path}`;
  url.search = query;
  return url;
}

/** Gemini's clients may put the key, here a placeholder, into the address. */
function withoutKey(query: string): string {
  return query
    .split('&')
    .filter((part) => part !== '' && !/^key(=|$)/.test(part))
    .join('&');
}

/** What of an answer's headers may come in; or the refusal that takes its place. */
export function judgeAnswer(
  status: number,
  headers: IncomingHttpHeaders,
  key: string | null,
): { readonly headers: Record<string, string> } | { readonly refusal: Refusal } {
  // Such a one (099) cannot be written: it would throw.
  if (status < 200) return { refusal: REFUSALS.unreachable };
  if (status >= 300 && status < 400) return { refusal: REFUSALS.redirect };
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') return { refusal: REFUSALS.compressed };
  const passed = Object.entries(headers).flatMap(([name, value]) =>
    RESPONSE_HEADERS.test(name) && typeof value === 'string' && !(key !== null && value.includes(key))
      ? [[name, value] as const]
      : [],
  );
  return { headers: Object.fromEntries(passed) };
}

function refuse(refusal: Refusal): Verdict {
  return { kind: 'refuse', refusal };
}
