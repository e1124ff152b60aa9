/** Over what a budget runs. Hours, days and months are the host's own, by its time zone; a session is one for good. */

export const PERIODS = ['session', 'hour', 'day', 'month'] as const;
export type Period = (typeof PERIODS)[number];

/** When the running hour, day or month began; 0 for a session. */
export function startOf(period: Period, atMs: number): number {
  const at = new Date(atMs);
  switch (period) {
    case 'session':
      return 0;
    case 'hour':
      return at.setMinutes(0, 0, 0);
    case 'day':
      return at.setHours(0, 0, 0, 0);
    case 'month':
      at.setDate(1);
      return at.setHours(0, 0, 0, 0);
  }
}
