/**
 * The sandbox's way out as ordinary clients know it: a proxy and base URLs on loopback. Bytes are carried both ways to
 * the egress process's socket; what may pass is decided behind it, not here.
 */
import { connect, createServer, type Socket } from 'node:net';

/** Stands where clients want a key. The real one is put in outside, so this one is worth nothing. */
const PLACEHOLDER_KEY = 'bellhop-placeholder';
/** Connections at once; more are refused. */
const MAX_CONNECTIONS = 64;

export interface Relay {
  readonly port: number;
  /** Ends every connection. */
  close(): void;
}

export async function openRelay(socketPath: string): Promise<Relay> {
  const open = new Set<Socket>();
  // Half-open on both legs: a client that has said all it wants still gets its answer.
  const server = createServer({ allowHalfOpen: true }, (inside) => {
    const outside = connect({ path: socketPath, allowHalfOpen: true });
    for (const [socket, other] of [
      [inside, outside],
      [outside, inside],
    ] as const) {
      open.add(socket);
      // 'close' follows.
      socket.on('error', () => undefined);
      socket.on('close', (hadError) => {
        open.delete(socket);
        // The client sees a broken connection, which is what it is. An orderly end has gone on by itself, and what is
        // still on its way to the other leg must not be cut off.
        if (hadError) other.destroy();
      });
      socket.pipe(other);
    }
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the relay has no port');
  return {
    port: address.port,
    close() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** Where the model's endpoint is, and the variables by which clients find their way. */
export function wayOut(port: number | null): {
  readonly modelUrl: string;
  readonly variables: Readonly<Record<string, string>>;
} {
  if (port === null) return { modelUrl: '', variables: {} };
  const proxy = `http://127.0.0.1:${port}`;
  const modelUrl = `${proxy}/model`;
  const direct = '127.0.0.1,localhost';
  return {
    modelUrl,
    variables: {
      HTTP_PROXY: proxy,
      HTTPS_PROXY: proxy,
      http_proxy: proxy,
      https_proxy: proxy,
      // Node looks at them only when told to.
      NODE_USE_ENV_PROXY: '1',
      NO_PROXY: direct,
      no_proxy: direct,
      ANTHROPIC_BASE_URL: modelUrl,
      OPENAI_BASE_URL: modelUrl,
      ANTHROPIC_API_KEY: PLACEHOLDER_KEY,
      OPENAI_API_KEY: PLACEHOLDER_KEY,
    },
  };
}
