/** The open incident of a session (supervisor/incident.ts): its class, or null. */
import type { SessionId } from '../types.ts';
import type { Sql } from './port.ts';

export async function incidentOf(sql: Sql, session: SessionId): Promise<string | null> {
  const [row] = await sql.all('SELECT incident FROM sessions WHERE id = ?', session);
  return (row?.incident ?? null) as string | null;
}

export async function setIncident(sql: Sql, session: SessionId, incident: string | null): Promise<void> {
  await sql.run('UPDATE sessions SET incident = ? WHERE id = ?', incident, session);
}
