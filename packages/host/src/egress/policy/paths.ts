/**
 * Which paths a rule means: one exactly (`/v1/me`), or all that begin with it up to the star at its end (`/v1/*`).
 * Pure. Upper and lower case differ; the query is no part of it.
 *
 * A path that two readers could read differently (dots, a doubled slash, an escaped slash, dot, backslash or percent, a
 * `;` behind dots) is matched by `/*` alone, which means all of them whichever way it is read.
 */

/** Every one. */
export const ANY = { method: '*', path: '/*' } as const;

const PATTERN = /^(?:\/[\w.~!$&'()+,:@=-]+)*\/?(?:\/\*)?$/;
/** What may stand in a request line at all: no blank, no control, no backslash, no fragment. */
const TARGET = /^(\/[!"$-[\]-~]*?)(?:\?([!-[\]-~]*))?$/;
const DOTS = /\/\.{1,2}(?=[/;]|$)/;
const ESCAPES = /%(?:2e|2f|5c|25|00|3b)/i;

/** Null for what is not the path of a rule. */
export function readPattern(text: string): string | null {
  if (!text.startsWith('/') || text.length > 500 || text.includes('//')) return null;
  return PATTERN.test(text) && !DOTS.test(text) ? text : null;
}

export interface Target {
  readonly path: string;
  /** Without its question mark; null when there is none. */
  readonly query: string | null;
}

/** Of a request line: null for what is not a path of this very host. */
export function readTarget(text: string): Target | null {
  const [, path, query = null] = TARGET.exec(text) ?? [];
  return path === undefined || path.startsWith('//') ? null : { path, query };
}

export function isPlain(path: string): boolean {
  return !path.includes('//') && !DOTS.test(path) && !ESCAPES.test(path) && !/%(?![\da-f]{2})/i.test(path);
}

export function matches(pattern: string, path: string): boolean {
  if (pattern === ANY.path) return true;
  if (!isPlain(path)) return false;
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}
