/** The fake host's dead letters and stories of messages: what a test puts here is told, and what is asked is noted. */
import type { ServerResponse } from 'node:http';
import type { DeadLetterView, WhyView } from '@bellhop/host/api';
import { json, refuse } from './fake-answer.ts';

const WHERE = { session: 's1', agent: 'bell', channel: 'web', chat: 'local:bell', thread: 'talk' };
const AT = '2026-01-02T09:00:00.000Z';

export class FakeLetters {
  letters: DeadLetterView[] = [];
  readonly stories = new Map<string, WhyView>();
  /** As `retry ID`. */
  readonly asked: string[] = [];

  /** A message that reached its last try, with a story. */
  add(message: string, text: string, change: Partial<DeadLetterView> = {}): void {
    const reason = 'its sandbox died (5 tries)';
    const letter = { message, ...WHERE, reason, acceptedAt: AT, failedAt: AT, text, ...change };
    this.letters.unshift(letter);
    this.stories.set(message, story(letter));
    this.stories.set(`${message} ${letter.session}`, story(letter));
  }

  /** A message that was answered, with its story. */
  answered(message: string, thread: string): void {
    const reply = { id: `reply to ${message}`, state: 'delivered', reason: null, createdAt: AT };
    this.stories.set(message, {
      ...{ message, ...WHERE, thread, acceptedAt: AT, endedAt: AT, state: 'answered', reason: null },
      verdict: ['It was answered: 1 reply delivered.'],
      row: { seq: 2, kind: 'chat', status: 'completed', tries: 0, attempt: 1, releases: 0, dueAt: null },
      ack: { status: 'completed', generation: 1, attempt: 1, turn: 't1', error: null },
      generations: [
        { number: 1, state: 'running', startedAt: AT, endedAt: null, reason: null, charged: false },
      ],
      replies: [{ ...reply, pieces: [{ state: 'delivered', attempts: 1 }] }],
      log: [],
    });
  }

  /** False when it is none of ours. */
  handle(
    method: string | undefined,
    { pathname, searchParams }: Pick<URL, 'pathname' | 'searchParams'>,
    response: ServerResponse,
  ): boolean {
    const [, what, id, act] =
      /^\/v1\/(dead-letters|why)(?:\/([^/]+))?(?:\/(retry|discard))?$/.exec(pathname) ?? [];
    if (what === undefined) return false;
    const message = decodeURIComponent(id ?? '');
    const session = searchParams.get('session');
    if (what === 'why') this.#tell(session === null ? message : `${message} ${session}`, response);
    else if (id === undefined)
      json(response, 200, { deadLetters: this.letters.map((letter) => ({ ...letter, text: null })) });
    else this.#one(method, { message, session }, act, response);
    return true;
  }

  #tell(message: string, response: ServerResponse): void {
    const found = this.stories.get(message);
    if (found) json(response, 200, { messages: [found] });
    else refuse(response, 404, `no message ${message} is known`, 'Reload the page.');
  }

  #one(
    method: string | undefined,
    { message, session }: { readonly message: string; readonly session: string | null },
    act: string | undefined,
    response: ServerResponse,
  ): void {
    const found = this.letters.filter(
      (letter) => letter.message === message && (session === null || letter.session === session),
    );
    if (found.length === 0) return void refuse(response, 404, 'there is no dead letter', 'Look again.');
    if (method === 'GET') return void json(response, 200, { deadLetters: found });
    this.asked.push(`${act} ${message}`);
    this.letters = this.letters.filter((letter) => !found.includes(letter));
    json(response, 202, { sessions: ['s1'] });
  }
}

function story({ text, failedAt, ...letter }: DeadLetterView): WhyView {
  const life = (number: number) => ({
    number,
    state: 'settled',
    startedAt: AT,
    endedAt: AT,
    reason: 'its sandbox died: killed by SIGKILL',
    charged: true,
  });
  const notice = { id: 'notice:1', state: 'delivered', reason: null, createdAt: AT };
  return {
    ...letter,
    verdict: [`It failed: ${letter.reason}.`, `Try it again: ./bellhop dead-letters retry ${letter.message}`],
    endedAt: failedAt,
    state: 'failed',
    row: { seq: 4, kind: 'chat', status: 'failed', tries: 5, attempt: 5, releases: 0, dueAt: null },
    ack: null,
    generations: [5, 4, 3, 2, 1].map(life),
    replies: [{ ...notice, pieces: [{ state: 'delivered', attempts: 1 }] }],
    log: [],
  };
}
