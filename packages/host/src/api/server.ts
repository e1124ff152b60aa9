/**
 * Two listeners: the owner's socket in the data folder, and a page on loopback.
 *
 * The socket lies in a folder that only its owner can enter, before it exists (R17). The page shows that the host runs;
 * it tells nothing and takes nothing.
 */
import { rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { join } from 'node:path';
import type { Log } from '../types.ts';
import { createApiServer, type Route } from './http.ts';

const LOOPBACK = '127.0.0.1';
const MAX_PORT_TRIES = 50;

export interface Listener {
  close(): Promise<void>;
}

export async function listenOnSocket(dataDir: string, routes: readonly Route[], log: Log): Promise<Listener> {
  const path = join(dataDir, 'bellhop.sock');
  // A dead host's: we hold the lock of this folder, so nobody listens there.
  await rm(path, { force: true });
  const server = createApiServer(routes, log);
  // Bound within the call, so the narrow rights hold for nothing else.
  await listening(server, log, () => {
    const umask = process.umask(0o177);
    server.listen(path);
    process.umask(umask);
  });
  return toListener(server);
}

/** Listens on the wanted port, or the next free one; 0 takes any. Returns where. */
export async function listenOnLoopback(
  wanted: number,
  routes: readonly Route[],
  log: Log,
): Promise<Listener & { readonly port: number }> {
  for (let port = wanted; ; port += 1) {
    const server = createApiServer(routes, log);
    try {
      await listening(server, log, () => server.listen(port, LOOPBACK));
      const address = server.address();
      return { ...toListener(server), port: typeof address === 'object' && address ? address.port : port };
    } catch (error) {
      const busy = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (!busy || port >= wanted + MAX_PORT_TRIES || port >= 65_535) throw error;
    }
  }
}

function listening(server: Server, log: Log, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // Later ones (no descriptor left for a connection) must not end the process.
    server.on('error', (error) => log.warn('listener', { error: error.message }));
    server.once('listening', resolve);
    listen();
  });
}

function toListener(server: Server): Listener {
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // Streams stay open for as long as their clients like: they are told by the end of the connection.
        server.closeAllConnections();
      }),
  };
}

/** What stands behind the address that `up` prints, until the web page does. */
export function createStatusPage(version: string): readonly Route[] {
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Bellhop</title>
<style>
  :root { color-scheme: light dark; font: 15px/22px system-ui, sans-serif }
  body { max-width: 36rem; margin: 15vh auto; padding: 0 24px }
  h1 { font-size: 24px; font-weight: 600 }
  code { font: 14px/22px ui-monospace, monospace }
</style>
<h1>Bellhop is running</h1>
<p>Version ${version}. There is no page yet; talk to your agent in a terminal:</p>
<p><code>./bellhop chat</code></p>
</html>`;
  return [{ method: 'GET', path: '/', handle: async () => ({ status: 200, html }) }];
}
