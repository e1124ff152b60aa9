/** Which channels could not be started, and why: what a look from outside is told (doctor/channels.ts). */
import { storeSetting } from './agents.ts';
import type { Sql } from './port.ts';

/** Name of the setting, in front of the channel's. */
export const REFUSED = 'channel_refused:';

export function noteRefusal(sql: Sql, channel: string, reason: string): Promise<void> {
  return storeSetting(sql, REFUSED + channel, reason);
}

/** Of one channel, or of all. */
export async function forgetRefusals(sql: Sql, channel?: string): Promise<void> {
  if (channel !== undefined) await storeSetting(sql, REFUSED + channel, null);
  else await sql.run('DELETE FROM settings WHERE substr(name, 1, ?) = ?', REFUSED.length, REFUSED);
}
