/**
 * A real store in a temporary folder with one agent, its owner and a chat on the fake channel: what every test of
 * routing and delivery begins with. Not here: mailboxes and sandboxes (supervisor/world.ts).
 */
import { join } from 'node:path';
import { addAgent, addUser, addWiring } from '../src/store/agents.ts';
import type { Store } from '../src/store/port.ts';
import { findOrOpenSession } from '../src/store/sessions.ts';
import { openStore } from '../src/store/sqlite.ts';
import type { Agent, AgentId, Log, LogFields, Session, SessionId } from '../src/types.ts';
import { FakeClock, START_MS } from './fake-clock.ts';
import { type Ending, tempFolder } from './temp-folder.ts';

export const CHANNEL = 'fake';
export const OWNER = 'fake:owner';

export class MemoryLog implements Log {
  readonly lines: { readonly level: string; readonly what: string; readonly fields: LogFields }[] = [];
  info = (what: string, fields: LogFields = {}): void =>
    void this.lines.push({ level: 'info', what, fields });
  warn = (what: string, fields: LogFields = {}): void =>
    void this.lines.push({ level: 'warn', what, fields });
  error = (what: string, fields: LogFields = {}): void =>
    void this.lines.push({ level: 'error', what, fields });
  get errors(): readonly string[] {
    return this.lines.filter((line) => line.level === 'error').map((line) => JSON.stringify(line));
  }
}

export interface StoreWorld {
  readonly dir: string;
  readonly path: string;
  readonly store: Store;
  readonly clock: FakeClock;
  readonly log: MemoryLog;
  readonly agent: Agent;
  /** The session of a chat and thread, opened when it is not there. */
  session(chat?: string, thread?: string | null): Promise<Session>;
  wire(chat: string, agent?: AgentId): Promise<void>;
  addAgent(name: string): Promise<Agent>;
  rows(sql: string, ...values: (string | number)[]): Promise<Readonly<Record<string, unknown>>[]>;
}

export async function openStoreWorld(t: Ending): Promise<StoreWorld> {
  const dir = tempFolder(t);
  const path = join(dir, 'bellhop.db');
  const store = openStore(path);
  t.after(() => store.close());
  const counter = { sessions: 0 };
  const add = async (name: string): Promise<Agent> => {
    const agent = { id: `agent-${name}` as AgentId, name, harness: 'demo' };
    await store.transaction((sql) => addAgent(sql, agent, START_MS));
    return agent;
  };
  const agent = await add('bell');
  await store.transaction((sql) => addUser(sql, OWNER, 'owner'));
  const wire = (chat: string, to: AgentId = agent.id) =>
    store.transaction((sql) =>
      addWiring(sql, { channel: CHANNEL, chat, agent: to, engageMode: 'always', sessionMode: 'per-thread' }),
    );
  await wire('chat');
  return {
    dir,
    path,
    store,
    clock: new FakeClock(),
    log: new MemoryLog(),
    agent,
    wire,
    addAgent: add,
    rows: (sql, ...values) => store.read.all(sql, ...values),
    session: (chat = 'chat', thread = null) => {
      counter.sessions += 1;
      const wanted = { agent: agent.id, mode: 'per-thread' as const, channel: CHANNEL, chat, thread };
      const id = `session-${counter.sessions}` as SessionId;
      return store.transaction((sql) => findOrOpenSession(sql, wanted, id, START_MS));
    },
  };
}
