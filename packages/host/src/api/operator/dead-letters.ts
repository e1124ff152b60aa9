/** Messages that reached their last try: which there are, what they said, and what a person does about one. */
import { clip, type MessageId } from '@bellhop/mailbox';
import type { Mailboxes } from '../../sessions/port.ts';
import { type DeadLetter, deadLetters, deadLettersOf, discardDeadLetter } from '../../store/dead-letters.ts';
import type { Store } from '../../store/port.ts';
import { sessionById } from '../../store/sessions.ts';
import type { SessionId } from '../../types.ts';
import { Problem } from '../problem.ts';
import type { ApiRequest, Route } from '../routing.ts';
import { findNamed, namedIn } from './named.ts';
import type { DeadLetterList, DeadLetterView, Done } from './shapes.ts';

const MAX_LISTED = 200;
const MAX_TEXT = 2_000;

export interface DeadLetterDeps {
  readonly store: Store;
  readonly mailboxes: Mailboxes;
  /** The listener's own channel. */
  readonly own: string;
  readonly supervisor: { retry(session: SessionId, message: MessageId): Promise<boolean> };
}

export function deadLetterRoutes(deps: DeadLetterDeps): readonly Route[] {
  const { store, mailboxes, supervisor, own } = deps;
  async function lettersOf({ query }: ApiRequest, id: string | undefined): Promise<readonly DeadLetter[]> {
    const named = namedIn(query, id);
    const found = await findNamed(named, own, (one) => deadLettersOf(store.read, one));
    if (found.length > 0) return found;
    throw new Problem(
      404,
      'no_such_dead_letter',
      `there is no dead letter ${clip(named.message, 100)}`,
      'See which there are: ./bellhop dead-letters list',
    );
  }

  async function act(
    request: ApiRequest,
    id: string | undefined,
    one: (letter: DeadLetter) => Promise<unknown>,
  ): Promise<Done> {
    const letters = await lettersOf(request, id);
    for (const letter of letters) await one(letter);
    return { sessions: letters.map(({ session }) => session) };
  }

  return [
    {
      method: 'GET',
      path: '/v1/dead-letters',
      handle: async () => {
        const found = await deadLetters(store.read, MAX_LISTED);
        return json({ deadLetters: found.map((letter) => toLetter(letter, null)) } satisfies DeadLetterList);
      },
    },
    {
      method: 'GET',
      path: '/v1/dead-letters/:message',
      handle: async (request, id) => {
        const found = await lettersOf(request, id);
        const views = found.map(async (letter) => toLetter(letter, await textOf(mailboxes, store, letter)));
        return json({ deadLetters: await Promise.all(views) } satisfies DeadLetterList);
      },
    },
    {
      method: 'POST',
      path: '/v1/dead-letters/:message/retry',
      handle: async (request, id) => ({
        status: 202,
        json: await act(request, id, ({ session, message }) => supervisor.retry(session, message)),
      }),
    },
    {
      method: 'POST',
      path: '/v1/dead-letters/:message/discard',
      handle: async (request, id) =>
        json(
          await act(request, id, ({ session, message }) =>
            store.transaction((sql) => discardDeadLetter(sql, session, message)),
          ),
        ),
    },
  ];
}

function json(body: DeadLetterList | Done): { readonly status: number; readonly json: object } {
  return { status: 200, json: body };
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
async function textOf(mailboxes: Mailboxes, store: Store, letter: DeadLetter): Promise<string | null> {
  const session = await sessionById(store.read, letter.session);
  if (!session || !(await mailboxes.exists(session))) return null;
  const row = await mailboxes
    .inbound(session, (mailbox) => mailbox.rows([letter.message]).get(letter.message))
    .catch(() => undefined);
  return row ? saidIn(row.content) : null;
}

/** Of an imported session it may be in no form that we know. */
function saidIn(content: string): string | null {
  try {
    const { text, prompt } = (JSON.parse(content) ?? {}) as { text?: unknown; prompt?: unknown };
    const said = text ?? prompt;
    return typeof said === 'string' ? clip(said, MAX_TEXT) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return clip(content, MAX_TEXT);
    throw error;
  }
}
