/**
 * Two listeners: the owner's socket in the data folder, and the page's address.
 *
 * The socket lies in a folder that only its owner can enter, before it exists (R17). The page's address is taken before
 * the host is put together, which must know it; until then it says that it is starting.
 */
import { rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { join } from 'node:path';
import type { Log } from '../types.ts';
import { createApiServer, type Limits } from './http.ts';
import { Problem } from './problem.ts';
import type { App } from './routing.ts';

const MAX_PORT_TRIES = 50;

export interface Listener {
  close(): Promise<void>;
}

export interface PageListener extends Listener {
  readonly port: number;
  /** From now on it answers with this. */
  serve(app: App): void;
}

export async function listenOnSocket(dataDir: string, app: App, log: Log): Promise<Listener> {
  const path = join(dataDir, 'bellhop.sock');
  // A dead host's: we hold the lock of this folder, so nobody listens there.
  await rm(path, { force: true });
  const server = createApiServer(() => app, log);
  // Bound within the call, so the narrow rights hold for nothing else.
  await listening(server, log, () => {
    const umask = process.umask(0o177);
    server.listen(path);
    process.umask(umask);
  });
  return toListener(server);
}

/** Listens on the wanted port, or the next free one; 0 takes any. */
export async function listenForPage(
  address: string,
  wanted: number,
  log: Log,
  limits?: Limits,
): Promise<PageListener> {
  const current = { app: STARTING };
  for (let port = wanted; ; port += 1) {
    const server = createApiServer(() => current.app, log, limits);
    try {
      await listening(server, log, () => server.listen(port, address));
      const bound = server.address();
      return {
        ...toListener(server),
        port: typeof bound === 'object' && bound ? bound.port : port,
        serve: (app) => {
          current.app = app;
        },
      };
    } catch (error) {
      const busy = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (!busy || port >= wanted + MAX_PORT_TRIES || port >= 65_535) throw error;
    }
  }
}

const STARTING: App = {
  routes: [],
  guard() {
    throw new Problem(503, 'starting', 'Bellhop is starting', 'Load the page again in a moment.');
  },
};

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
