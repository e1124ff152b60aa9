export { isLater } from '../sqlite.ts';
export { type Batch, type BatchLimits, isAnsweredTogether, selectBatch } from './batch.ts';
export { InboundReader } from './inbound-reader.ts';
export { type NewOutbound, type OutboundAck, OutboundMailbox, type TurnCommit } from './outbound.ts';
export { upgradeOutbound } from './upgrade.ts';
