/** Browsers that have signed in, by a hash of their cookie; and the owner's password, as a hash. */
import type { Sql } from './port.ts';

const PASSWORD = 'password';

export async function addSignIn(sql: Sql, hash: string, expiresMs: number): Promise<void> {
  await sql.run('INSERT INTO sign_ins (hash, expires_ms) VALUES (?, ?)', hash, expiresMs);
}

export async function isSignedIn(sql: Sql, hash: string, nowMs: number): Promise<boolean> {
  return (await sql.all('SELECT 1 FROM sign_ins WHERE hash = ? AND expires_ms > ?', hash, nowMs)).length > 0;
}

export async function removeSignIn(sql: Sql, hash: string): Promise<void> {
  await sql.run('DELETE FROM sign_ins WHERE hash = ?', hash);
}

export async function forgetSignIns(sql: Sql, nowMs: number): Promise<void> {
  await sql.run('DELETE FROM sign_ins WHERE expires_ms <= ?', nowMs);
}

export async function passwordHash(sql: Sql): Promise<string | null> {
  const [row] = await sql.all('SELECT value FROM settings WHERE name = ?', PASSWORD);
  return row ? String(row.value) : null;
}

/** Whoever signed in before is signed out: a new password is for when the old one is known to somebody. */
export async function setPasswordHash(sql: Sql, hash: string): Promise<void> {
  await sql.run(
    'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    PASSWORD,
    hash,
  );
  await sql.run('DELETE FROM sign_ins');
}
