import { writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { CERT, KEY, listenTls } from '../../../packages/host/test/egress/loopback-tls.ts';
import type { Ending } from '../../../packages/host/test/temp-folder.ts';

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface EchoHost {
  /** `localhost:PORT`. */
  readonly at: string;
  readonly port: number;
  readonly seen: Asked[];
  answer: (asked: Asked, response: ServerResponse) => void;
  /** For the host: whom the egress process trusts besides. */
  readonly env: Readonly<Record<string, string>>;
}

/** @param dir where the certificate is written. */
export async function openEchoHost(t: Ending, dir: string): Promise<EchoHost> {
  const seen: Asked[] = [];
  const server = createServer({ cert: CERT, key: KEY }, async (incoming, response) => {
    response.on('error', () => undefined);
    const body = await text(incoming).catch(() => 'cut');
    const { method = '', url = '', headers } = incoming;
    const asked = { method, url, headers, body };
    seen.push(asked);
    host.answer(asked, response);
  });
  const port = await listenTls(t, server);
  const file = join(dir, 'test-ca.pem');
  writeFileSync(file, CERT);
  const host: EchoHost = {
    at: `localhost:${port}`,
    port,
    seen,
    answer: (asked, response) => response.end(JSON.stringify(asked)),
    env: { NODE_EXTRA_CA_CERTS: file },
  };
  return host;
}
