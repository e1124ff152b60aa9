/**
 * How a secret is shown to a host: as a header or in the query. Pure. What an agent itself sends in that place is
 * always taken out, whether or not the secret takes it: nothing of its own may pass for ours.
 */
import type { IncomingHttpHeaders } from 'node:http';

export type Placing =
  | { readonly in: 'header'; readonly name: string; readonly text: (value: string) => string }
  | { readonly in: 'query'; readonly name: string };

const TOKEN = /^[A-Za-z0-9-]{1,64}$/;
/** Headers that mean something to the two of us, not to the host. */
const OURS =
  /^(host|content-length|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect|range|if-range|accept-encoding|proxy-.*)$/;
const USER = /^[\x21-\x39\x3b-\x7e]{1,200}$/;
const QUERY_NAME = /^[\w.-]{1,64}$/;

/** `bearer`, `basic:USER`, `header:NAME` or `query:NAME`; null for anything else. */
export function readPlacing(text: string): Placing | null {
  if (text === 'bearer') return { in: 'header', name: 'authorization', text: (value) => `Bearer ${value}` };
  const [kind, ...rest] = text.split(':');
  const name = rest.join(':');
  if (kind === 'basic' && USER.test(name))
    return { in: 'header', name: 'authorization', text: (value) => `Basic ${toBase64(`${name}:${value}`)}` };
  const header = name.toLowerCase();
  if (kind === 'header' && TOKEN.test(name) && !OURS.test(header))
    return { in: 'header', name: header, text: (value) => value };
  return kind === 'query' && QUERY_NAME.test(name) ? { in: 'query', name } : null;
}

/** Two spellings that some servers read as one count as one: `X_Key` and `X-Key`. */
export function withoutHeader(headers: IncomingHttpHeaders, name: string): IncomingHttpHeaders {
  const same = (other: string) => other.replaceAll('_', '-').toLowerCase() === name;
  return Object.fromEntries(Object.entries(headers).filter(([other]) => !same(other)));
}

/** Whatever its escapes and its case. Null: a name in it cannot be read. */
export function withoutParameter(query: string, name: string): string | null {
  try {
    return query
      .split(/[&;]/)
      .filter((part) => {
        const [own = ''] = part.split('=');
        return decodeURIComponent(own.replaceAll('+', ' ')).trim().toLowerCase() !== name.toLowerCase();
      })
      .join('&');
  } catch (badEscape) {
    if (badEscape instanceof URIError) return null;
    throw badEscape;
  }
}

/**
 * Everything that says the value, so that none of it comes back: itself, escaped for an address or for JSON, and in
 * base64, alone and behind the user's name.
 */
export function formsOf(value: string, placings: readonly string[]): string[] {
  const users = placings.flatMap((text) => (text.startsWith('basic:') ? [text.slice('basic:'.length)] : []));
  const encoded = [value, ...users.map((user) => `${user}:${value}`)].flatMap((text) => {
    const base64 = toBase64(text).replace(/=+$/, '');
    return [base64, base64.replaceAll('+', '-').replaceAll('/', '_')];
  });
  const escaped = encodeURIComponent(value);
  const lower = escaped.replace(/%../g, (one) => one.toLowerCase());
  const inJson = JSON.stringify(value).slice(1, -1);
  const all = new Set([value, escaped, lower, inJson, inJson.replaceAll('/', '\\/'), ...encoded]);
  // The longest first: a shorter one may be a part of it.
  return [...all].toSorted((a, b) => b.length - a.length);
}

function toBase64(text: string): string {
  return Buffer.from(text).toString('base64');
}
