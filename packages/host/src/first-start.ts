/** What the first start puts into an empty store: the agent `bell`, its owner, and the wirings to terminal and web. */
import { localChat, ownerOn, SERVED_NAMES } from '@bellhop/channels/served';
import { addAgent, addSetting, addUser, addWiring, listAgents, setting } from './store/agents.ts';
import type { Store } from './store/port.ts';
import type { AgentId } from './types.ts';

const FIRST_AGENT = { id: 'bell' as AgentId, name: 'bell' };
const INSTALL_ID = 'install_id';

/** Returns this install's id: part of every sandbox's mark. All of it is harmless when done again. */
export async function firstStart(
  store: Store,
  harness: string,
  newId: string,
  nowMs: number,
): Promise<string> {
  await store.transaction(async (sql) => {
    await addSetting(sql, INSTALL_ID, newId);
    for (const channel of SERVED_NAMES) await addUser(sql, ownerOn(channel), 'owner');
    if ((await listAgents(sql)).length > 0) return;
    await addAgent(sql, { ...FIRST_AGENT, harness }, nowMs);
    for (const channel of SERVED_NAMES) {
      const chat = localChat(FIRST_AGENT.name);
      const modes = { engageMode: 'always', sessionMode: 'per-thread' } as const;
      await addWiring(sql, { channel, chat, agent: FIRST_AGENT.id, ...modes });
    }
  });
  return (await setting(store.read, INSTALL_ID)) ?? newId;
}
