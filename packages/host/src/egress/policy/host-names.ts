/**
 * Which host a request means: pure, and exact. One spelling for each host (lower case, no dot at the end, no address, no
 * name that another reader could take for an address), so that what is compared is what is resolved.
 */

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);
/** Its last part decides whether a resolver takes it for a number: 127.1, 0x7f.1, 2130706433. */
const NUMBER_AT_END = /(^|\.)(\d+|0x[0-9a-f]*)$/;
const AUTHORITY = /^([^:]+)(?::(\d{1,5}))?$/;

/** `Example.com:8443`; without a port `port`. Null for what is not the plain name of a host. */
export function readHostPort(text: string, port: number | null): HostPort | null {
  const [, name = '', digits] = AUTHORITY.exec(text) ?? [];
  const host = name.toLowerCase();
  const number = digits === undefined ? port : Number(digits);
  if (number === null || number < 1 || number > 65_535) return null;
  if (host.length > 253 || !NAME.test(host) || NUMBER_AT_END.test(host)) return null;
  // Lower case of a letter beyond ASCII may be one within: the Kelvin sign is a k.
  return /^[\x21-\x7e]*$/.test(text) ? { host, port: number } : null;
}

/** What CONNECT and its Host header agree on; null when they do not, or when it is no host. */
export function agreedHost(target: string, header: string | undefined): HostPort | null {
  const wanted = readHostPort(target, null);
  // HTTP/1.0 knows no Host header.
  if (!wanted || header === undefined) return wanted;
  const named = readHostPort(header, wanted.port);
  return named?.host === wanted.host && named.port === wanted.port ? wanted : null;
}
