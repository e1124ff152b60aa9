/**
 * The floor of what the egress process adds to a call: a process of its own that only passes on what comes in, and makes
 * the commits that a call cannot do without. Before it goes out its row in a WAL database with FULL, and a line of the
 * audit, synced; after its last byte the row's end. It judges, reads, meters and searches nothing.
 *
 * Arguments: its socket, a folder for its files, the endpoint's port. Says `ready`, then `recorded` for each call.
 */
import { fdatasyncSync, openSync, writeSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const [socketPath = '', dir = '', port = ''] = process.argv.slice(2);

const db = new DatabaseSync(join(dir, 'relay.db'));
db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
db.exec('CREATE TABLE calls (id INTEGER PRIMARY KEY, target TEXT NOT NULL, status INTEGER NOT NULL)');
const reserve = db.prepare('INSERT INTO calls (target, status) VALUES (?, 0)');
const settle = db.prepare('UPDATE calls SET status = ? WHERE id = ?');
const audit = openSync(join(dir, 'relay.jsonl'), 'a', 0o600);
const agent = new Agent({ keepAlive: true });

createServer((incoming, response) => {
  const { method, headers, url = '' } = incoming;
  const { lastInsertRowid } = reserve.run(url);
  writeSync(audit, `${JSON.stringify({ target: url, decision: 'allowed' })}\n`);
  fdatasyncSync(audit);
  const out = request({ agent, host: '127.0.0.1', port, path: url, method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(response);
  });
  incoming.pipe(out);
  response.once('close', () => {
    settle.run(response.statusCode, lastInsertRowid);
    process.send?.('recorded');
  });
}).listen(socketPath, () => process.send?.('ready'));
// The bench has ended, in whatever way.
process.once('disconnect', () => process.exit());
