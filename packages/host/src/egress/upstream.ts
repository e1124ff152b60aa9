/**
 * Connections to the endpoints: TLS verified by Node's defaults (and NODE_EXTRA_CA_CERTS), kept open between calls,
 * never following anything anywhere.
 *
 * `getBuiltinModule` and no import: an ES import of node:http loads the whole of undici (api/http.ts), 6 MiB here.
 */
import type { ClientRequest, RequestOptions } from 'node:http';
import type { Socket } from 'node:net';

/** From the first byte of a handshake to a connection. */
const CONNECT_MS = 15_000;
/** An endpoint that thinks and says nothing for longer has gone. */
const SILENCE_MS = 600_000;
const KEEP_MS = 30_000;
const MAX_KEPT = 16;

export interface UpstreamOptions extends Pick<RequestOptions, 'method' | 'headers'> {
  /** On a connection of its own, that nobody had before. */
  readonly isFresh: boolean;
}

export type Upstream = (url: URL, options: UpstreamOptions) => ClientRequest;

export function createUpstream(): Upstream {
  const http = process.getBuiltinModule('node:http');
  const https = process.getBuiltinModule('node:https');
  const keep = { keepAlive: true, maxFreeSockets: MAX_KEPT, timeout: KEEP_MS };
  const kept = { plain: new http.Agent(keep), tls: new https.Agent(keep) };
  const fresh = { plain: new http.Agent(), tls: new https.Agent() };
  return (url, { method, headers, isFresh }) => {
    const { plain, tls } = isFresh ? fresh : kept;
    const options = { method, headers, timeout: SILENCE_MS, maxHeaderSize: 64 * 1024 };
    const out =
      url.protocol === 'https:'
        ? https.request(url, { ...options, agent: tls })
        : http.request(url, { ...options, agent: plain });
    out.setNoDelay(true);
    out.on('timeout', () => out.destroy(new Error('it was silent for too long')));
    out.on('socket', (socket) => {
      if (!socket.connecting) return;
      const late = setTimeout(() => out.destroy(new Error('no connection in time')), CONNECT_MS);
      const done = () => clearTimeout(late);
      whenConnected(socket, done);
      socket.once('close', done);
    });
    return out;
  };
}

/** With TLS, when the other end has shown who it is: nothing of a request is written before. */
export function whenConnected(socket: Socket, done: () => void): void {
  if (!socket.connecting) done();
  else socket.once('encrypted' in socket ? 'secureConnect' : 'connect', done);
}
