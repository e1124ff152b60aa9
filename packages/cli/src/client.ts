/**
 * The API of a host, over its Unix socket. One method per route of contract.ts, nothing more.
 *
 * Every call may throw ApiRefusal (the host said no), HostUnreachable (nobody answered; see retry.ts) or, when its
 * signal is aborted, HostUnreachable too: the caller knows that it aborted. Nothing is retried here.
 */
import { createReadStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type {
  AllowHost,
  AnswerBudget,
  ApiError,
  ApprovalList,
  ApprovalRow,
  BudgetList,
  ChangePackages,
  DeadLetterList,
  DecideApproval,
  Done,
  GrantSecret,
  HostList,
  MessageState,
  ModelList,
  ModelTest,
  ModelView,
  PackageList,
  PackageLog,
  RemoveHost,
  RevokeSecret,
  Rotated,
  SecretList,
  SendAnswer,
  SendMessage,
  SentMessage,
  SessionList,
  SetBudget,
  SetModel,
  SetSecret,
  SignInLink,
  SkillList,
  Status,
  TurnSkill,
  UploadedFile,
  UsageView,
  WhyList,
} from '@bellhop/host/api';
import { ApiRefusal, FailedError, HostUnreachable } from './errors.ts';

export interface Conversation {
  readonly agent: string | undefined;
  readonly thread: string;
}

/** Which message of an id is meant; what is left out narrows nothing. */
export interface Which {
  readonly agent?: string | undefined;
  readonly channel?: string | undefined;
  readonly chat?: string | undefined;
  readonly thread?: string | undefined;
  readonly session?: string | undefined;
}

interface Call {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly type?: string;
  readonly length?: number;
  readonly body?: Readable | Buffer;
  readonly signal: AbortSignal;
}

export class Client {
  readonly #socketPath: string;
  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  status(signal: AbortSignal): Promise<Status> {
    return this.#json<Status>({ method: 'GET', path: '/v1/status', signal });
  }

  async stop(signal: AbortSignal): Promise<void> {
    await this.#post('/v1/stop', {}, signal);
  }

  link(signal: AbortSignal): Promise<SignInLink> {
    return this.#post<SignInLink>('/v1/links', {}, signal);
  }

  async setPassword(password: string, signal: AbortSignal): Promise<void> {
    await this.#post('/v1/password', { password }, signal);
  }

  send(message: SendMessage, signal: AbortSignal): Promise<SentMessage> {
    return this.#post<SentMessage>('/v1/messages', message, signal);
  }

  answer(answer: SendAnswer, signal: AbortSignal): Promise<SentMessage> {
    return this.#post<SentMessage>('/v1/answers', answer, signal);
  }

  message(id: string, signal: AbortSignal): Promise<MessageState> {
    return this.#json<MessageState>({
      method: 'GET',
      path: `/v1/messages/${encodeURIComponent(id)}`,
      signal,
    });
  }

  upload(path: string, name: string, size: number, signal: AbortSignal): Promise<UploadedFile> {
    return this.#json<UploadedFile>({
      method: 'POST',
      path: `/v1/files?name=${encodeURIComponent(name)}`,
      type: 'application/octet-stream',
      length: size,
      // A file that grows while it is read would break the announced length.
      body: size > 0 ? createReadStream(path, { end: size - 1 }) : Buffer.alloc(0),
      signal,
    });
  }

  deadLetters(signal: AbortSignal): Promise<DeadLetterList> {
    return this.#json({ method: 'GET', path: '/v1/dead-letters', signal });
  }

  deadLetter(message: string, which: Which, signal: AbortSignal): Promise<DeadLetterList> {
    const path = `/v1/dead-letters/${encodeURIComponent(message)}${query({ ...which })}`;
    return this.#json({ method: 'GET', path, signal });
  }

  settleDeadLetter(
    message: string,
    end: 'retry' | 'discard',
    which: Which,
    signal: AbortSignal,
  ): Promise<Done> {
    return this.#post(
      `/v1/dead-letters/${encodeURIComponent(message)}/${end}${query({ ...which })}`,
      {},
      signal,
    );
  }

  sessions(quarantinedOnly: boolean, signal: AbortSignal): Promise<SessionList> {
    return this.#json({
      method: 'GET',
      path: `/v1/sessions${quarantinedOnly ? '?quarantined=1' : ''}`,
      signal,
    });
  }

  release(session: string, signal: AbortSignal): Promise<Done> {
    return this.#post(`/v1/sessions/${encodeURIComponent(session)}/release`, {}, signal);
  }

  why(message: string, which: Which, signal: AbortSignal): Promise<WhyList> {
    const path = `/v1/why/${encodeURIComponent(message)}${query({ ...which })}`;
    return this.#json({ method: 'GET', path, signal });
  }

  model(agent: string | undefined, signal: AbortSignal): Promise<ModelView> {
    return this.#json<ModelView>({ method: 'GET', path: `/v1/model${query({ agent })}`, signal });
  }

  setModel(change: SetModel, signal: AbortSignal): Promise<ModelView> {
    return this.#send<ModelView>('PUT', '/v1/model', change, signal);
  }

  testModel(agent: string | undefined, signal: AbortSignal): Promise<ModelTest> {
    return this.#post<ModelTest>('/v1/model/test', agent === undefined ? {} : { agent }, signal);
  }

  models(agent: string | undefined, provider: string | undefined, signal: AbortSignal): Promise<ModelList> {
    return this.#json<ModelList>({ method: 'GET', path: `/v1/models${query({ agent, provider })}`, signal });
  }

  usage(by: string, signal: AbortSignal): Promise<UsageView> {
    return this.#json<UsageView>({ method: 'GET', path: `/v1/usage${query({ by })}`, signal });
  }

  packages(signal: AbortSignal): Promise<PackageList> {
    return this.#json<PackageList>({ method: 'GET', path: '/v1/packages', signal });
  }

  changePackages(verb: 'add' | 'remove', change: ChangePackages, signal: AbortSignal): Promise<PackageList> {
    return this.#post<PackageList>(`/v1/packages/${verb}`, change, signal);
  }

  packageLog(agent: string | undefined, from: number, signal: AbortSignal): Promise<PackageLog> {
    const path = `/v1/packages/log${query({ agent, from: `${from}` })}`;
    return this.#json<PackageLog>({ method: 'GET', path, signal });
  }

  skills(signal: AbortSignal): Promise<SkillList> {
    return this.#json<SkillList>({ method: 'GET', path: '/v1/skills', signal });
  }

  turnSkill(turn: TurnSkill, signal: AbortSignal): Promise<SkillList> {
    return this.#post<SkillList>('/v1/skills', turn, signal);
  }

  hosts(signal: AbortSignal): Promise<HostList> {
    return this.#json<HostList>({ method: 'GET', path: '/v1/hosts', signal });
  }

  allowHost(host: AllowHost, signal: AbortSignal): Promise<HostList> {
    return this.#send<HostList>('PUT', '/v1/hosts', host, signal);
  }

  removeHost(host: RemoveHost, signal: AbortSignal): Promise<HostList> {
    return this.#post<HostList>('/v1/hosts/remove', host, signal);
  }

  approvals(signal: AbortSignal): Promise<ApprovalList> {
    return this.#json<ApprovalList>({ method: 'GET', path: '/v1/approvals', signal });
  }

  decideApproval(word: DecideApproval, signal: AbortSignal): Promise<ApprovalRow> {
    return this.#post<ApprovalRow>('/v1/approvals/decide', word, signal);
  }

  secrets(signal: AbortSignal): Promise<SecretList> {
    return this.#json<SecretList>({ method: 'GET', path: '/v1/secrets', signal });
  }

  setSecret(secret: SetSecret, signal: AbortSignal): Promise<SecretList> {
    return this.#send<SecretList>('PUT', '/v1/secrets', secret, signal);
  }

  removeSecret(name: string, signal: AbortSignal): Promise<SecretList> {
    return this.#post<SecretList>('/v1/secrets/remove', { name }, signal);
  }

  grantSecret(grant: GrantSecret, signal: AbortSignal): Promise<SecretList> {
    return this.#post<SecretList>('/v1/secrets/grant', grant, signal);
  }

  revokeSecret(grant: RevokeSecret, signal: AbortSignal): Promise<SecretList> {
    return this.#post<SecretList>('/v1/secrets/revoke', grant, signal);
  }

  rotateVault(signal: AbortSignal): Promise<Rotated> {
    return this.#post<Rotated>('/v1/secrets/rotate', {}, signal);
  }

  budgets(signal: AbortSignal): Promise<BudgetList> {
    return this.#json<BudgetList>({ method: 'GET', path: '/v1/budgets', signal });
  }

  setBudget(change: SetBudget, signal: AbortSignal): Promise<BudgetList> {
    return this.#send<BudgetList>('PUT', '/v1/budgets', change, signal);
  }

  answerBudget(answer: AnswerBudget, signal: AbortSignal): Promise<BudgetList> {
    return this.#post<BudgetList>('/v1/budgets/answer', answer, signal);
  }

  /** The open event stream, behind `after` (an SSE id; '' = from the first entry on). Ends when the host closes it. */
  async events(conversation: Conversation, after: string, signal: AbortSignal): Promise<Readable> {
    const query = new URLSearchParams({ thread: conversation.thread });
    if (conversation.agent !== undefined) query.set('agent', conversation.agent);
    if (after !== '') query.set('after', after);
    const response = await this.#call({ method: 'GET', path: `/v1/events?${query}`, signal });
    if (response.statusCode !== 200) throw await refusal(response);
    return response;
  }

  #post<T>(path: string, value: object, signal: AbortSignal): Promise<T> {
    return this.#send<T>('POST', path, value, signal);
  }

  #send<T>(method: 'POST' | 'PUT', path: string, value: object, signal: AbortSignal): Promise<T> {
    const body = Buffer.from(JSON.stringify(value));
    return this.#json<T>({
      method,
      path,
      type: 'application/json',
      length: body.length,
      body,
      signal,
    });
  }

  async #json<T>(call: Call): Promise<T> {
    const response = await this.#call(call);
    const status = response.statusCode ?? 0;
    if (status < 200 || status > 299) throw await refusal(response);
    const text = await readAll(response);
    // The shapes are the contract's, and both ends come from one checkout; 204 has nothing to read.
    return (status === 204 ? undefined : JSON.parse(text)) as T;
  }

  #call(call: Call): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const headers: Record<string, string | number> = { connection: 'close' };
      if (call.type !== undefined) headers['content-type'] = call.type;
      if (call.length !== undefined) headers['content-length'] = call.length;
      const { method, path, signal } = call;
      // No import: that reads all that node:http exports, and so loads undici, which is half of the start of a command.
      const { request } = process.getBuiltinModule('node:http');
      const out = request({ socketPath: this.#socketPath, method, path, headers, signal, agent: false });
      // A host that refuses a large body answers before it has read it, and our write then fails with EPIPE. The
      // answer comes first, so a later error here rejects nothing any more.
      out.once('response', resolve);
      out.on('error', (error: NodeJS.ErrnoException) => reject(reached(error, this.#socketPath)));
      if (call.body === undefined || Buffer.isBuffer(call.body)) {
        out.end(call.body);
        return;
      }
      const { body } = call;
      out.once('close', () => body.destroy());
      body.once('error', (error) => {
        reject(
          new FailedError(`The file could not be read: ${error.message}`, 'Nothing was sent. Try again.'),
        );
        out.destroy();
      });
      body.pipe(out);
    });
  }
}

function query(values: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}

function reached(error: NodeJS.ErrnoException, socketPath: string): Error {
  if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') return new HostUnreachable('down', error);
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return new FailedError(
      `${socketPath} belongs to another user.`,
      'Run this as the user who started Bellhop.',
    );
  }
  return new HostUnreachable('lost', error);
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer);
  } catch (error) {
    throw new HostUnreachable('lost', error);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function refusal(response: IncomingMessage): Promise<ApiRefusal> {
  const status = response.statusCode ?? 0;
  const text = await readAll(response);
  try {
    const { error } = JSON.parse(text) as ApiError;
    return new ApiRefusal(status, error.message, error.hint);
  } catch {
    // Not the contract's error shape (SyntaxError or TypeError): still an answer, shown by its status alone.
    return new ApiRefusal(
      status,
      `The host answered ${status}.`,
      'See what it says about it: ./bellhop logs',
    );
  }
}
