/** Whether a wiring's agent takes a message up: a pure decision. */
import type { MessageEvent } from '@bellhop/channels';
import type { EngageMode } from '../types.ts';

/** A direct message is always for the agent; in a group it must be meant. */
export function engages(mode: EngageMode, event: Pick<MessageEvent, 'isGroup' | 'isMention'>): boolean {
  return mode === 'always' || event.isMention || !event.isGroup;
}
