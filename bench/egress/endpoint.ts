/** A model's endpoint on loopback: streams its events one by one, each in a turn of the loop of its own. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export const EVENTS = 20;
const LAST = 'data: {"model":"m","usage":{"prompt_tokens":9,"completion_tokens":9}}\n\n';

export interface Endpoint {
  readonly port: number;
  close(): void;
}

export async function openEndpoint(): Promise<Endpoint> {
  const server = createServer((incoming, response) => {
    incoming.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const next = (n: number) => {
        if (n === EVENTS) return response.end(LAST);
        response.write(`data: {"choices":[{"delta":{"content":"word ${n}"}}]}\n\n`);
        return setImmediate(next, n + 1);
      };
      next(0);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
