/**
 * The host's API for the page. One method per route of the contract, nothing is retried here.
 *
 * Every call rejects with a Refusal (the host said no; its words) or a Broken (nobody answered: the outcome is unknown,
 * and the same id may be sent again). A 401 is told to `onSignedOut` as well, wherever it comes from.
 */
import type {
  AnswerBudget,
  ApiError,
  BudgetList,
  ConversationList,
  DeadLetterList,
  DecideApproval,
  EntryPage,
  MarkRead,
  MessageState,
  ModelList,
  ModelTest,
  ModelView,
  SendAnswer,
  SendMessage,
  SetBudget,
  SetModel,
  Status,
  UsageView,
  WhyList,
} from '@bellhop/host/api';
import type { MessageRef, Place, Problem } from '../model/state.ts';
import { LOOK_AT_LOGS, sentence } from '../model/words.ts';

export class Refusal extends Error {
  readonly status: number;
  readonly problem: Problem;
  constructor(status: number, problem: Problem) {
    super(problem.message);
    this.status = status;
    this.problem = problem;
  }
}

export class Broken extends Error {}

export class Client {
  readonly #onSignedOut: () => void;
  constructor(onSignedOut: () => void) {
    this.#onSignedOut = onSignedOut;
  }

  status = (): Promise<Status> => this.#json('/v1/status');
  conversations = (): Promise<ConversationList> => this.#json('/v1/conversations');
  markRead = (read: MarkRead): Promise<void> => this.#post('/v1/conversations/read', read);
  send = (message: SendMessage): Promise<void> => this.#post('/v1/messages', message);
  answer = (answer: SendAnswer): Promise<void> => this.#post('/v1/answers', answer);
  decide = (word: DecideApproval): Promise<void> => this.#post('/v1/approvals/decide', word);
  message = (id: string): Promise<MessageState> => this.#json(`/v1/messages/${encodeURIComponent(id)}`);
  retry = (id: string): Promise<void> => this.#post(`/v1/messages/${encodeURIComponent(id)}/retry`, {});
  stopTurn = (place: Place): Promise<void> => this.#post('/v1/turns/stop', place);
  deadLetters = (): Promise<DeadLetterList> => this.#json('/v1/dead-letters');
  deadLetter = (of: MessageRef): Promise<DeadLetterList> => this.#json(letterPath(of));
  retryLetter = (of: MessageRef): Promise<void> => this.#post(letterPath(of, '/retry'), {});
  discardLetter = (of: MessageRef): Promise<void> => this.#post(letterPath(of, '/discard'), {});
  why = ({ message, session }: MessageRef): Promise<WhyList> =>
    this.#json(`/v1/why/${encodeURIComponent(message)}${sessionQuery(session)}`);
  model = (agent: string): Promise<ModelView> => this.#json(`/v1/model?${new URLSearchParams({ agent })}`);
  setModel = (change: SetModel): Promise<ModelView> => this.#json('/v1/model', sent('PUT', change));
  testModel = (agent: string): Promise<ModelTest> => this.#json('/v1/model/test', sent('POST', { agent }));
  models = (agent: string, provider: string): Promise<ModelList> =>
    this.#json(`/v1/models?${new URLSearchParams({ agent, provider })}`);
  usage = (by: UsageView['by']): Promise<UsageView> => this.#json(`/v1/usage?by=${by}`);
  budgets = (): Promise<BudgetList> => this.#json('/v1/budgets');
  setBudget = (change: SetBudget): Promise<BudgetList> => this.#json('/v1/budgets', sent('PUT', change));
  answerStop = (answer: AnswerBudget): Promise<BudgetList> =>
    this.#json('/v1/budgets/answer', sent('POST', answer));
  signOut = (): Promise<void> => this.#post('/v1/sign-out', {});

  /** A wrong password is an answer, not the end of a session. */
  async signIn(password: string): Promise<void> {
    await this.#accepted(await this.#fetch('/v1/sign-in', sent('POST', { password })));
  }

  entries({ agent, thread }: Place, before: number | null, limit: number): Promise<EntryPage> {
    const query = new URLSearchParams({ agent, thread, limit: String(limit) });
    if (before !== null) query.set('before', String(before));
    return this.#json(`/v1/entries?${query}`);
  }

  async events(
    { agent, thread }: Place,
    after: number,
    signal: AbortSignal,
  ): Promise<ReadableStream<string>> {
    const query = new URLSearchParams({ agent, thread, after: String(after) });
    const response = await this.#call(`/v1/events?${query}`, { signal });
    if (response.body === null) throw new Broken('the stream has no body');
    return response.body.pipeThrough(new TextDecoderStream());
  }

  async #post(path: string, value: object): Promise<void> {
    await this.#call(path, sent('POST', value));
  }

  async #json<T>(path: string, init: RequestInit = {}): Promise<T> {
    const response = await this.#call(path, init);
    // The shapes are the contract's: the page comes from the same host.
    return (await response.json().catch((error: unknown) => broken(error))) as T;
  }

  async #call(path: string, init: RequestInit): Promise<Response> {
    const response = await this.#fetch(path, init);
    if (response.status === 401) this.#onSignedOut();
    return this.#accepted(response);
  }

  async #accepted(response: Response): Promise<Response> {
    if (response.ok) return response;
    throw new Refusal(response.status, problemIn(response.status, await response.text().catch(() => '')));
  }

  #fetch(path: string, init: RequestInit): Promise<Response> {
    return fetch(path, { ...init, credentials: 'same-origin', cache: 'no-store' }).catch(broken);
  }
}

/** A gateway in between may answer for the host in its own words: those are not shown. */
export function problemIn(status: number, text: string): Problem {
  try {
    const { error } = JSON.parse(text) as ApiError;
    return { message: sentence(error.message), hint: sentence(error.hint) };
  } catch {
    // Not the contract's shape (SyntaxError or TypeError): the status is all there is to say.
    return { message: `The host answered ${status}.`, hint: `See what it says about it: ${LOOK_AT_LOGS}` };
  }
}

function letterPath({ message, session }: MessageRef, act = ''): string {
  return `/v1/dead-letters/${encodeURIComponent(message)}${act}${sessionQuery(session)}`;
}

function sessionQuery(session: string | null): string {
  return session === null ? '' : `?${new URLSearchParams({ session })}`;
}

function sent(method: 'POST' | 'PUT', value: object): RequestInit {
  return { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}

function broken(error: unknown): never {
  throw new Broken('nobody answered', { cause: error });
}
