/**
 * Times on disk (M5): ISO 8601 UTC with milliseconds and `Z`. Old files hold SQLite's `YYYY-MM-DD HH:MM:SS`, which is
 * UTC as well, as is any time without a zone; `Date.parse` would read it as local time. Comparisons use the integer
 * columns, never these texts.
 */

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
