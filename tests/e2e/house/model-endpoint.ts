/** A model's endpoint on loopback: remembers what it was asked with, answers as Anthropic's does. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ModelEndpoint {
  readonly url: string;
  readonly asked: { readonly url: string; readonly headers: IncomingHttpHeaders }[];
  close(): void;
}

export async function openModelEndpoint(name: string): Promise<ModelEndpoint> {
  const asked: ModelEndpoint['asked'] = [];
  const server = createServer((request, response) => {
    asked.push({ url: request.url ?? '', headers: request.headers });
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json');
      const usage = { input_tokens: 12, output_tokens: 3 };
      response.end(JSON.stringify({ model: name, content: [{ type: 'text', text: `I am ${name}` }], usage }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
