/** Agents, chats, wirings and users: who may talk to whom, where. */
import type { Agent, AgentId, EngageMode, SessionMode } from '../types.ts';
import type { Sql, SqlRow } from './port.ts';

export interface Wiring {
  readonly agent: Agent;
  readonly engageMode: EngageMode;
  readonly sessionMode: SessionMode;
}

function toAgent(row: SqlRow): Agent {
  return { id: row.id as AgentId, name: String(row.name), harness: String(row.harness) };
}

export async function listAgents(sql: Sql): Promise<Agent[]> {
  return (await sql.all('SELECT id, name, harness FROM agents ORDER BY created_ms, id')).map(toAgent);
}

export async function agentById(sql: Sql, id: AgentId): Promise<Agent | null> {
  const [row] = await sql.all('SELECT id, name, harness FROM agents WHERE id = ?', id);
  return row ? toAgent(row) : null;
}

export async function addAgent(sql: Sql, agent: Agent, nowMs: number): Promise<void> {
  await sql.run(
    'INSERT INTO agents (id, name, harness, created_ms) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO NOTHING',
    agent.id,
    agent.name,
    agent.harness,
    nowMs,
  );
}

/** Connects a chat to an agent; a chat that is not known yet is made. */
export async function addWiring(
  sql: Sql,
  wiring: {
    readonly channel: string;
    readonly chat: string;
    readonly agent: AgentId;
    readonly engageMode: EngageMode;
    readonly sessionMode: SessionMode;
  },
): Promise<void> {
  const chatId = `${wiring.channel}:${wiring.chat}`;
  await sql.run(
    'INSERT INTO chats (id, channel, platform_id) VALUES (?, ?, ?) ON CONFLICT (channel, platform_id) DO NOTHING',
    chatId,
    wiring.channel,
    wiring.chat,
  );
  await sql.run(
    `INSERT INTO wirings (chat_id, agent_id, engage_mode, session_mode) VALUES (?, ?, ?, ?)
     ON CONFLICT (chat_id, agent_id) DO NOTHING`,
    chatId,
    wiring.agent,
    wiring.engageMode,
    wiring.sessionMode,
  );
}

/** The agents that a chat is connected to; none for a chat that nobody wired. */
export async function wiringsOf(sql: Sql, channel: string, chat: string): Promise<Wiring[]> {
  const rows = await sql.all(
    `SELECT a.id, a.name, a.harness, w.engage_mode, w.session_mode
     FROM chats c JOIN wirings w ON w.chat_id = c.id JOIN agents a ON a.id = w.agent_id
     WHERE c.channel = ? AND c.platform_id = ? ORDER BY a.created_ms, a.id`,
    channel,
    chat,
  );
  return rows.map((row) => ({
    agent: toAgent(row),
    engageMode: row.engage_mode as EngageMode,
    sessionMode: row.session_mode as SessionMode,
  }));
}

export async function roleOf(sql: Sql, user: string): Promise<string | null> {
  const [row] = await sql.all('SELECT role FROM users WHERE id = ?', user);
  return row ? String(row.role) : null;
}

export async function addUser(sql: Sql, id: string, role: string): Promise<void> {
  await sql.run('INSERT INTO users (id, role) VALUES (?, ?) ON CONFLICT (id) DO NOTHING', id, role);
}

export async function setting(sql: Sql, name: string): Promise<string | null> {
  const [row] = await sql.all('SELECT value FROM settings WHERE name = ?', name);
  return row ? String(row.value) : null;
}

/** The first value stays. */
export async function addSetting(sql: Sql, name: string, value: string): Promise<void> {
  await sql.run(
    'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING',
    name,
    value,
  );
}

/** The last value stays; null removes it. */
export async function storeSetting(sql: Sql, name: string, value: string | null): Promise<void> {
  if (value === null) await sql.run('DELETE FROM settings WHERE name = ?', name);
  else {
    await sql.run(
      'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
      name,
      value,
    );
  }
}

/** Name and value of each setting whose name begins so. */
export async function settingsBelow(sql: Sql, prefix: string): Promise<(readonly [string, string])[]> {
  const rows = await sql.all(
    'SELECT name, value FROM settings WHERE substr(name, 1, ?) = ?',
    prefix.length,
    prefix,
  );
  return rows.map((row) => [String(row.name), String(row.value)] as const);
}
