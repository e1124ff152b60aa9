export { isLater, NewerSchema, NotAMailbox } from '../sqlite.ts';
export { decideAck, decideCharge, type InboundChange, keepTogether, type RetryPolicy } from './decisions.ts';
export { InboundMailbox } from './inbound.ts';
export type { SeriesChange } from './series.ts';
export { type OutboundSnapshot, readOutbound, type SnapshotLimits, type SnapshotResult } from './snapshot.ts';
export { needsUpgrade, upgradeApart } from './upgrade-apart.ts';
