/** Where channels put what happened on their platform. */
import type { Accepted, ChannelEvent } from '@bellhop/channels';

export interface Router {
  /** Durable when it resolves to `accepted`; nothing was stored when it resolves to `refused` or rejects. */
  accept(channel: string, event: ChannelEvent): Promise<Accepted>;
}
