/** What the first start puts into an empty store: the agent `bell`, its owner, and the wirings to terminal and web. */
import { LOCAL_USER, localChat } from '@bellhop/channels/terminal';
import { addAgent, addSetting, addUser, addWiring, listAgents, setting } from './store/agents.ts';
import type { Store } from './store/port.ts';
import type { AgentId } from './types.ts';

const FIRST_AGENT = { id: 'bell' as AgentId, name: 'bell' };
const INSTALL_ID = 'install_id';

/** This install's id: part of every sandbox's mark and label. `newId` becomes it when there is none yet. */
export async function installIdOf(store: Store, newId: string): Promise<string> {
  await store.transaction((sql) => addSetting(sql, INSTALL_ID, newId));
  return (await setting(store.read, INSTALL_ID)) ?? newId;
}

/** Harmless when done again. */
export async function firstStart(store: Store, harness: string, nowMs: number): Promise<void> {
  await store.transaction(async (sql) => {
    await addUser(sql, LOCAL_USER, 'owner');
    if ((await listAgents(sql)).length > 0) return;
    await addAgent(sql, { ...FIRST_AGENT, harness }, nowMs);
    for (const channel of ['terminal', 'web']) {
      const chat = localChat(FIRST_AGENT.name);
      const modes = { engageMode: 'always', sessionMode: 'per-thread' } as const;
      await addWiring(sql, { channel, chat, agent: FIRST_AGENT.id, ...modes });
    }
  });
}
