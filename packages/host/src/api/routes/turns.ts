/** What a person may do about a turn: stop the one that runs, and try a message again that has failed. */
import * as v from 'valibot';
import { targetsOf } from '../../store/events.ts';
import { findSession } from '../../store/sessions.ts';
import { Problem } from '../problem.ts';
import type { ApiAnswer, ApiRequest, Route } from '../routing.ts';
import type { ServedDeps } from './deps.ts';
import { findPlace, noSuchMessage, placeEntries, readBody } from './input.ts';

const MAX_BODY_BYTES = 4_096;

export const stopTurnSchema = v.object(placeEntries);

export function turnRoutes({ name, store, supervisor }: ServedDeps): readonly Route[] {
  async function stop(request: ApiRequest): Promise<ApiAnswer> {
    const { agent, key } = await findPlace(
      store,
      name,
      await readBody(request, stopTurnSchema, MAX_BODY_BYTES),
    );
    const session = await findSession(store.read, agent.id, key);
    if (session === null || !supervisor.stopTurn(session)) {
      throw new Problem(
        409,
        'no_turn',
        'nothing is at work in this conversation',
        'There is nothing to stop.',
      );
    }
    return { status: 202, json: {} };
  }

  async function retry(_: ApiRequest, id = ''): Promise<ApiAnswer> {
    const targets = await targetsOf(store.read, name, id);
    if (targets.length === 0) throw noSuchMessage(id);
    const again = await Promise.all(
      targets.map(({ session, message }) => supervisor.retry(session, message)),
    );
    if (!again.includes(true)) {
      throw new Problem(
        409,
        'not_failed',
        'this message has not failed',
        'Only what has failed is tried again.',
      );
    }
    return { status: 202, json: {} };
  }

  return [
    { method: 'POST', path: '/v1/turns/stop', handle: stop },
    { method: 'POST', path: '/v1/messages/:id/retry', handle: retry },
  ];
}
