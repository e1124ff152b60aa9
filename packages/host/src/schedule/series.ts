/** When a series runs next: cron in a time zone, by croner (gap at spring: once, at the shifted hour; autumn: once). */
import type { InboundRow, MessageId, NewMessage } from '@bellhop/mailbox';
import { parseTime, toIso } from '@bellhop/mailbox';
import { Cron } from 'croner';

/** The next time after `afterMs`, in milliseconds; null when there is none or the expression is not valid. */
export function nextTime(expression: string, afterMs: number, zone: string): number | null {
  // Croner takes a text with a colon for a date, which is no series, and throws a plain Error for a wrong one.
  if (expression.includes(':')) return null;
  try {
    return (
      new Cron(expression, { timezone: zone, paused: true }).nextRun(new Date(afterMs))?.getTime() ?? null
    );
  } catch (invalid) {
    if (invalid instanceof TypeError || invalid instanceof RangeError) return null;
    throw invalid;
  }
}

/**
 * The occurrence that follows this one; null for what is no series. Its id is series and time, so that arming twice
 * arms once (W6). What was missed while nothing ran is not made up for: the next time lies ahead of `nowMs`.
 */
export function nextOccurrence(row: InboundRow, nowMs: number, zone: string): NewMessage | null {
  if (!row.recurrence) return null;
  const dueMs = nextTime(row.recurrence, nowMs, zone);
  if (dueMs === null) return null;
  const series = row.seriesId ?? row.id;
  return {
    id: `${series}:${toIso(dueMs)}` as MessageId,
    kind: row.kind,
    timestampMs: parseTime(row.timestamp) ?? nowMs,
    content: row.content,
    trigger: row.trigger,
    dueMs,
    recurrence: row.recurrence,
    seriesId: series,
    channel: row.channel,
    chat: row.chat,
    thread: row.thread,
  };
}
