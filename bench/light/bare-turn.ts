/**
 * The floor of light.warm: what is left of a turn up to its request when there is no runner. One commit in the place of
 * the enqueued message, one in the place of its claim, and a request of Node's own over the same sockets to the same model.
 */
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { openInsertClose } from '../floors/commits.ts';

export const BARE_TURN = 'two bare commits and a request';

const BODY = JSON.stringify({
  ...{ model: 'bench', max_tokens: 4_000, stream: true },
  messages: [{ role: 'user', content: 'Are you there?' }],
});

/** Resolves when the request has been answered. @param socketPath leads to the model. */
export async function bareTurn(dir: string, socketPath: string): Promise<void> {
  openInsertClose(join(dir, 'bare-in.db'), 'EXTRA');
  openInsertClose(join(dir, 'bare-out.db'), 'FULL');
  const headers = { 'content-type': 'application/json', 'content-length': BODY.length };
  const out = request({ socketPath, method: 'POST', path: '/v1/messages', headers }).end(BODY);
  const [answer] = await once(out, 'response');
  answer.resume();
  await once(answer, 'end');
}
