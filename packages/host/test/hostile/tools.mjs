/**
 * What an attacker's program in a sandbox begins with: the socket to the host, its outbox, a row. It is copied beside the
 * runner; `schema.mjs` is written there by the test.
 */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { ddl, version } from './schema.mjs';

export const config = JSON.parse(process.argv[2]);
export const inbox = `${config.inDir}/inbound.db`;
export const outbox = `${config.outDir}/outbound.db`;

const socket = connect(config.socketPath);
socket.on('error', () => undefined);
/** The host has hung up. */
export const cut = new Promise((resolve) => socket.once('close', resolve));
export const tell = (frame) => socket.write(`${typeof frame === 'string' ? frame : JSON.stringify(frame)}\n`);
tell({ t: 'ready', generation: config.generation });

/** Rings for as long as it lives: the host looks again and again. */
export function ringOn() {
  tell({ t: 'bell' });
  setInterval(() => tell({ t: 'bell' }), 50);
}

export function openOutbox(path = outbox) {
  const db = new DatabaseSync(path, { defensive: false });
  db.exec('PRAGMA synchronous = OFF; BEGIN');
  for (const statement of ddl) db.exec(statement);
  db.exec(`PRAGMA user_version = ${version}; COMMIT`);
  return db;
}

/** A row as an honest runner writes it, with whatever is different. */
export function say(db, seq, change) {
  const reader = new DatabaseSync(inbox, { readOnly: true, timeout: 5_000 });
  const at = reader.prepare('SELECT channel_type, platform_id, thread_id FROM session_routing').get();
  reader.close();
  const row = {
    id: `row-${seq}`,
    seq,
    timestamp: 't',
    kind: 'chat',
    ...at,
    content: '{"text":"x"}',
    ...change,
  };
  const names = Object.keys(row);
  db.prepare(`INSERT INTO messages_out (${names}) VALUES (${names.map(() => '?')})`).run(
    ...Object.values(row),
  );
}

export const text = (path) => readFileSync(path, 'utf8');
