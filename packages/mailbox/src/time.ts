/**
 * Times on disk (M5): ISO 8601 UTC with milliseconds and `Z`. Old files hold SQLite's `YYYY-MM-DD HH:MM:SS`, which is
 * UTC as well, as is any time without a zone; `Date.parse` would read it as local time. Comparisons use the integer
 * columns, never these texts.
 */

/** Times on disk are dates of the years 1970 to 9999, whatever somebody outside said. */
export const MAX_TIME_MS = 253_402_300_799_999;
/** The longest wait that a provider, a platform or an agent is granted: a day. After it, it is asked again. */
export const MAX_WAIT_MS = 86_400_000;

const WITHOUT_ZONE = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)$/;

export function toIso(ms: number): string {
  return new Date(ms).toISOString();
}

/** Milliseconds since the epoch, or null for a text in neither form. */
export function parseTime(text: string): number | null {
  const bare = WITHOUT_ZONE.exec(text);
  const ms = Date.parse(bare ? `${bare[1]}T${bare[2]}Z` : text);
  return Number.isNaN(ms) ? null : ms;
}

/** A wait that somebody outside asked for, as whole milliseconds from 0 to a day. What is no number is no wait. */
export function boundedWait(ms: number): number {
  return ms > 0 ? Math.ceil(Math.min(ms, MAX_WAIT_MS)) : 0;
}
