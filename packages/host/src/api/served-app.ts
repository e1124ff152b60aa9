/**
 * The routes of one channel that the host serves itself. The same on both listeners, each for its own channel: the
 * owner's socket (`terminal`) and the page (`web`). The shapes are contract.ts.
 */

import type { Status } from './contract.ts';
import { conversationRoutes } from './routes/conversations.ts';
import type { ServedDeps } from './routes/deps.ts';
import { fileRoutes } from './routes/files.ts';
import { messageRoutes } from './routes/messages.ts';
import { turnRoutes } from './routes/turns.ts';
import type { Route } from './routing.ts';

export function servedRoutes(deps: ServedDeps): readonly Route[] {
  async function status(): Promise<Status> {
    const found = await deps.status();
    return deps.showPaths ? found : { ...found, data: '' };
  }

  return [
    { method: 'GET', path: '/v1/status', handle: async () => ({ status: 200, json: await status() }) },
    ...messageRoutes(deps),
    ...conversationRoutes(deps),
    ...fileRoutes(deps),
    ...turnRoutes(deps),
  ];
}
