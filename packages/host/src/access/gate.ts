/** The gate over the users of the central store. */
import { roleOf } from '../store/agents.ts';
import type { Store } from '../store/port.ts';
import type { AccessGate } from './port.ts';

export function createAccessGate(store: Store): AccessGate {
  return { mayTalk: async (user) => (await roleOf(store.read, user)) !== null };
}
