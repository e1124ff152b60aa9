/** How the rest of the host hands things to delivery. */
import type { OutboundId, OutboundRow } from '@bellhop/mailbox';
import type { Delivery } from '../store/deliveries.ts';
import type { Sql } from '../store/port.ts';
import type { Session, SessionId } from '../types.ts';

/** Outbound rows, checked and copied, ready to be written in one transaction and then sent. */
export interface CheckedRows {
  /** The copies, one for each row. */
  readonly deliveries: readonly Delivery[];
  /** Writes the copies, idempotent by row id. Resolves to those that were not there before: they are to be sent. */
  record(sql: Sql): Promise<readonly Delivery[]>;
  /** Rows that change the session's own mailbox (tasks), applied by the sweep after the copies are durable. */
  readonly tasks: readonly TaskChange[];
}

export type TaskChange =
  | {
      readonly kind: 'schedule';
      readonly id: string;
      readonly prompt: string;
      readonly dueMs: number;
      readonly recurrence: string | null;
      /** Of its session's chat: where it is answered. */
      readonly thread: string | null;
    }
  | { readonly kind: 'cancel'; readonly id: string };

export interface RowChecker {
  /** Checks each row against the central store (destination, kind, action) and takes its files. */
  check(session: Session, rows: readonly OutboundRow[]): Promise<CheckedRows>;
}

export interface DeliveryEngine {
  /**
   * Sends what has been recorded; resolves when each has had its first outcome, at once for what waits for its channel to
   * start. Never rejects.
   */
  send(deliveries: readonly Delivery[]): Promise<void>;
}

/** A delivery reached an end. */
export interface DeliveryEnd {
  readonly session: SessionId;
  readonly id: OutboundId;
  readonly state: 'delivered' | 'failed' | 'held';
}

export type OnDeliveryEnd = (end: DeliveryEnd) => void;
