/**
 * What a person or an agent does to a task: to every row of its series that is still to come, named by the id of the
 * series or of any of its rows. Messages that people wrote are never touched.
 *
 *   pending --pause--> paused --resume--> pending
 *   pending, paused --cancel--> cancelled
 *
 * Pausing takes back what a turn works on just now: its ack names the attempt before and counts no more (M9, W4), and
 * the occurrence runs once the task is resumed. Cancelling is final: nothing is armed again (W8).
 */
import type { DatabaseSync } from 'node:sqlite';
import { toIso } from '../time.ts';

export type SeriesChange =
  | { readonly kind: 'cancel' | 'pause'; readonly id: string }
  /** `dueMs`: when it runs next; without it, as planned, so at once if that time has passed. */
  | { readonly kind: 'resume'; readonly id: string; readonly dueMs?: number }
  | {
      readonly kind: 'update';
      readonly id: string;
      readonly content?: string;
      /** Null ends the series with its next occurrence. */
      readonly recurrence?: string | null;
      readonly dueMs?: number;
    };

const FROM: Readonly<Record<SeriesChange['kind'], string>> = {
  cancel: "'pending', 'paused'",
  pause: "'pending'",
  resume: "'paused'",
  update: "'pending', 'paused'",
};

type Columns = Record<string, string | number | null>;

/** Inside the caller's transaction. Returns how many rows were changed; 0: there is no such task in such a state. */
export function changeSeries(db: DatabaseSync, change: SeriesChange): number {
  const columns = toColumns(change);
  const names = Object.keys(columns);
  if (names.length === 0) return 0;
  const set = names.map((name) => `${name} = ?`).join(', ');
  const attempt = change.kind === 'pause' ? ', attempt = attempt + 1' : '';
  const { changes } = db
    .prepare(
      `UPDATE messages_in SET ${set}${attempt} WHERE status IN (${FROM[change.kind]}) AND kind = 'task'
         AND series_id = coalesce((SELECT series_id FROM messages_in WHERE id = ?), ?)`,
    )
    .run(...Object.values(columns), change.id, change.id);
  return Number(changes);
}

function toColumns(change: SeriesChange): Columns {
  switch (change.kind) {
    case 'cancel':
      return { status: 'cancelled', recurrence: null, ended_reason: 'cancelled' };
    case 'pause':
      return { status: 'paused' };
    case 'resume':
      return { status: 'pending', ...due(change.dueMs) };
    case 'update':
      return {
        ...(change.content === undefined ? {} : { content: change.content }),
        ...(change.recurrence === undefined ? {} : { recurrence: change.recurrence }),
        ...due(change.dueMs),
      };
  }
}

function due(dueMs: number | undefined): Columns {
  return dueMs === undefined ? {} : { due_ms: dueMs, process_after: toIso(dueMs) };
}
