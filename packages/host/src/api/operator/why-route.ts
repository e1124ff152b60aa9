/** The story of a message, as a route. */
import { clip } from '@bellhop/mailbox';
import { Problem } from '../problem.ts';
import type { ApiRequest, Route } from '../routing.ts';
import { namedIn } from './named.ts';
import type { WhyList } from './shapes.ts';
import { type WhyDeps, why } from './why.ts';

export function whyRoute(deps: WhyDeps): Route {
  async function tell({ query }: ApiRequest, id: string | undefined): Promise<WhyList> {
    const named = namedIn(query, id);
    const messages = await why(deps, { named, agent: query.get('agent') });
    if (messages.length > 0) return { messages };
    throw new Problem(
      404,
      'no_such_message',
      `no message ${clip(named.message, 100)} is known`,
      'Name its id (./bellhop ask --json prints it), its number with --thread, or: ./bellhop why last',
    );
  }

  return {
    method: 'GET',
    path: '/v1/why/:message',
    handle: async (request, id) => ({ status: 200, json: await tell(request, id) }),
  };
}
