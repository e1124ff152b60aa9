/**
 * What only the operator may ask, by `./bellhop dead-letters`, `sessions` and `why`: on the owner's socket alone. The
 * shapes are shapes.ts; each route is one look or one effect.
 */
import { join } from 'node:path';
import type { Mailboxes } from '../../sessions/port.ts';
import { type DeadLetter, deadLetters, deadLettersOf, discardDeadLetter } from '../../store/dead-letters.ts';
import { type ListedSession, listSessions, release, sessionById } from '../../store/sessions.ts';
import type { SessionId } from '../../types.ts';
import { Problem } from '../problem.ts';
import type { ApiRequest, Route } from '../routing.ts';
import { bytesBelow } from './disk.ts';
import type { DeadLetterList, DeadLetterView, Done, SessionList, SessionView, WhyList } from './shapes.ts';
import { type WhyDeps, why } from './why.ts';

const MAX_LISTED = 200;
const MAX_TEXT = 2_000;
const MAX_ID = 300;

export interface OperatorDeps extends WhyDeps {
  readonly dataDir: string;
}

export function createOperatorRoutes(deps: OperatorDeps): readonly Route[] {
  const { store, mailboxes, supervisor } = deps;

  async function lettersOf(id: string | undefined): Promise<DeadLetter[]> {
    const message = decode(id);
    const found = await deadLettersOf(store.read, message);
    if (found.length > 0) return found;
    throw new Problem(
      404,
      'no_such_dead_letter',
      `there is no dead letter ${message.slice(0, 100)}`,
      'See which there are: ./bellhop dead-letters list',
    );
  }

  async function act(id: string | undefined, one: (letter: DeadLetter) => Promise<unknown>): Promise<Done> {
    const letters = await lettersOf(id);
    for (const letter of letters) await one(letter);
    return { sessions: letters.map(({ session }) => session) };
  }

  async function releaseSession(id: string | undefined): Promise<Done> {
    const session = await sessionById(store.read, decode(id) as SessionId);
    const hint = 'See which there are: ./bellhop sessions list';
    if (!session) throw new Problem(404, 'no_such_session', 'there is no such session', hint);
    if (!(await store.transaction((sql) => release(sql, session.id))))
      throw new Problem(409, 'in_service', 'this session is not out of service', hint);
    supervisor.nudge(session.id);
    return { sessions: [session.id] };
  }

  async function toSession(listed: ListedSession, nowAwake: ReadonlySet<string>): Promise<SessionView> {
    const { inDir, outDir } = mailboxes.paths(listed);
    return {
      session: listed.id,
      agent: listed.agent,
      channel: listed.channel,
      chat: listed.chat,
      thread: listed.thread,
      state: listed.state,
      reason: listed.stateReason,
      awake: nowAwake.has(listed.id),
      createdAt: new Date(listed.createdMs).toISOString(),
      diskBytes: await bytesBelow([inDir, outDir, join(deps.dataDir, 'files', listed.id)]),
    };
  }

  async function list({ query }: ApiRequest): Promise<SessionList> {
    const found = await listSessions(store.read, query.get('quarantined') === '1', MAX_LISTED);
    const awake = new Set<string>(supervisor.awake());
    return { sessions: await Promise.all(found.map((one) => toSession(one, awake))) };
  }

  async function tellWhy(request: ApiRequest, id: string | undefined): Promise<WhyList> {
    const message = decode(id);
    const { query } = request;
    const messages = await why(deps, {
      message,
      agent: query.get('agent'),
      thread: query.get('thread') ?? 'main',
    });
    if (messages.length > 0) return { messages };
    throw new Problem(
      404,
      'no_such_message',
      `no message ${message.slice(0, 100)} is known`,
      'Name its id (./bellhop ask --json prints it), its number with --thread, or: ./bellhop why last',
    );
  }

  return [
    {
      method: 'GET',
      path: '/v1/dead-letters',
      handle: async () => {
        const found = await deadLetters(store.read, MAX_LISTED);
        return ok({ deadLetters: found.map((letter) => toLetter(letter, null)) } satisfies DeadLetterList);
      },
    },
    {
      method: 'GET',
      path: '/v1/dead-letters/:message',
      handle: async (_, id) => {
        const found = await lettersOf(id);
        const views = found.map(async (letter) => toLetter(letter, await textOf(mailboxes, store, letter)));
        return ok({ deadLetters: await Promise.all(views) } satisfies DeadLetterList);
      },
    },
    {
      method: 'POST',
      path: '/v1/dead-letters/:message/retry',
      handle: async (_, id) => ({
        status: 202,
        json: await act(id, ({ session, message }) => supervisor.retry(session, message)),
      }),
    },
    {
      method: 'POST',
      path: '/v1/dead-letters/:message/discard',
      handle: async (_, id) =>
        ok(
          await act(id, ({ session, message }) =>
            store.transaction((sql) => discardDeadLetter(sql, session, message)),
          ),
        ),
    },
    { method: 'GET', path: '/v1/sessions', handle: async (request) => ok(await list(request)) },
    {
      method: 'POST',
      path: '/v1/sessions/:id/release',
      handle: async (_, id) => ({ status: 202, json: await releaseSession(id) }),
    },
    {
      method: 'GET',
      path: '/v1/why/:message',
      handle: async (request, id) => ok(await tellWhy(request, id)),
    },
  ];
}

function ok(json: unknown): { readonly status: number; readonly json: unknown } {
  return { status: 200, json };
}

/** Ids hold anything, so they come encoded. */
function decode(segment: string | undefined): string {
  try {
    const id = decodeURIComponent(segment ?? '');
    if (id !== '' && id.length <= MAX_ID) return id;
  } catch (notEncoded) {
    if (!(notEncoded instanceof URIError)) throw notEncoded;
  }
  throw new Problem(400, 'bad_request', 'this is no id', 'See ./bellhop help.');
}

function toLetter(letter: DeadLetter, text: string | null): DeadLetterView {
  const { acceptedMs, endedMs, ...named } = letter;
  return {
    ...named,
    acceptedAt: acceptedMs === null ? null : new Date(acceptedMs).toISOString(),
    failedAt: new Date(endedMs).toISOString(),
    text,
  };
}

/** Null when its mailbox cannot be read, as that of a quarantined session may be. */
async function textOf(
  mailboxes: Mailboxes,
  store: OperatorDeps['store'],
  letter: DeadLetter,
): Promise<string | null> {
  const session = await sessionById(store.read, letter.session);
  if (!session || !(await mailboxes.exists(session))) return null;
  const row = await mailboxes
    .inbound(session, (mailbox) => mailbox.rows([letter.message]).get(letter.message))
    .catch(() => undefined);
  const { text, prompt } = JSON.parse(row?.content ?? '{}') as { text?: unknown; prompt?: unknown };
  const said = text ?? prompt;
  return typeof said === 'string' ? said.slice(0, MAX_TEXT) : null;
}
