/** What the sweep needs of series. */
import type { InboundRow, NewMessage } from '@bellhop/mailbox';

/** The occurrence that follows this one; null for what is no series, or has ended. Pure. */
export type NextOccurrence = (row: InboundRow, nowMs: number) => NewMessage | null;
