/**
 * The time zone in which an agent reads times. The host names one in TZ; what an older host or a hand put there is
 * taken when it can be, and is UTC otherwise: a time that cannot be written would end every turn.
 */

/** @param zone what Node calls the zone of this process: with a strange TZ that is `undefined` or `Etc/Unknown`. */
export function usableZone(zone: string | undefined): string {
  try {
    // Without a zone it would take that of the process, whose name nobody knows.
    return zone ? new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone : 'UTC';
  } catch (unknown) {
    if (unknown instanceof RangeError) return 'UTC';
    throw unknown;
  }
}
