/** Messages that reached their last try: which there are, what they said, and what a person does about one. */
import { clip, type MessageId } from '@bellhop/mailbox';
import type { Mailboxes } from '../../sessions/port.ts';
import { type DeadLetter, deadLetters, deadLettersOf, discardDeadLetter } from '../../store/dead-letters.ts';
import type { Store } from '../../store/port.ts';
import { sessionById } from '../../store/sessions.ts';
import type { SessionId } from '../../types.ts';
import { Problem } from '../problem.ts';
import type { Route } from '../routing.ts';
import { idIn } from './id.ts';
import type { DeadLetterList, DeadLetterView, Done } from './shapes.ts';

const MAX_LISTED = 200;
const MAX_TEXT = 2_000;

export interface DeadLetterDeps {
  readonly store: Store;
  readonly mailboxes: Mailboxes;
  readonly supervisor: { retry(session: SessionId, message: MessageId): Promise<boolean> };
}

export function deadLetterRoutes(deps: DeadLetterDeps): readonly Route[] {
  const { store, mailboxes, supervisor } = deps;
  async function lettersOf(id: string | undefined): Promise<DeadLetter[]> {
    const message = idIn(id);
    const found = await deadLettersOf(store.read, message);
    if (found.length > 0) return found;
    throw new Problem(
      404,
      'no_such_dead_letter',
      `there is no dead letter ${clip(message, 100)}`,
      'See which there are: ./bellhop dead-letters list',
    );
  }

  async function act(id: string | undefined, one: (letter: DeadLetter) => Promise<unknown>): Promise<Done> {
    const letters = await lettersOf(id);
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
      handle: async (_, id) => {
        const found = await lettersOf(id);
        const views = found.map(async (letter) => toLetter(letter, await textOf(mailboxes, store, letter)));
        return json({ deadLetters: await Promise.all(views) } satisfies DeadLetterList);
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
        json(
          await act(id, ({ session, message }) =>
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
