/**
 * Calls of our own: the owner's test, a provider's list of models, and whether an Ollama answers. The same connections
 * and the same keys as an agent's calls; answers are bounded, and the key is taken out of their words.
 */

import type { IncomingMessage } from 'node:http';
import { clip } from '@bellhop/mailbox';
import { type ForwardDeps, withKey } from './forward.ts';
import { judgeAnswer, targetUrl } from './judge.ts';
import { EgressError, type ModelReply } from './port.ts';
import { type Endpoint, PROVIDERS, type ProviderId } from './providers.ts';
import { whenConnected } from './upstream.ts';
import { readAsk, type Wanted } from './usage/ask.ts';
import { createMeter } from './usage/meter.ts';
import type { Let } from './usage/purse.ts';

const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const TEST_MS = 60_000;
const LIST_MS = 15_000;
const OLLAMA_MS = 500;
const MAX_WORDS = 300;
const PROMPT = 'Reply with the one word: ready';
const MAX_TOKENS = 64;

/** What a tiny call looks like, and where its words are. */
const CHAT = {
  path: () => '/chat/completions',
  body: (model: string) => ({ model, messages: [{ role: 'user', content: PROMPT }], max_tokens: MAX_TOKENS }),
};
const TESTS: Readonly<
  Record<ProviderId, { readonly path: (model: string) => string; readonly body: (model: string) => object }>
> = {
  anthropic: { path: () => '/v1/messages', body: CHAT.body },
  openai: {
    path: () => '/responses',
    body: (model) => ({ model, input: PROMPT, max_output_tokens: MAX_TOKENS }),
  },
  'openai-chat': {
    ...CHAT,
    // Its newer models refuse `max_tokens`; others know nothing else.
    body: (model) => {
      const { max_tokens, ...rest } = CHAT.body(model);
      return { ...rest, max_completion_tokens: max_tokens };
    },
  },
  google: {
    path: (model) => `/v1beta/models/${encodeURIComponent(model)}:generateContent`,
    body: () => ({ contents: [{ role: 'user', parts: [{ text: PROMPT }] }] }),
  },
  openrouter: CHAT,
  ollama: CHAT,
  compatible: CHAT,
};

/** Throws EgressError with words for the owner. It is paid for like any other call. */
export async function testModel(
  deps: ForwardDeps,
  endpoint: Endpoint,
  pay: (ask: Wanted) => Let,
): Promise<ModelReply> {
  const { body, path: pathOf } = TESTS[endpoint.provider];
  const path = pathOf(endpoint.model);
  const { format = 'chat' } =
    PROVIDERS[endpoint.provider].allowed.find((rule) => rule.method === 'POST' && rule.path.test(path)) ?? {};
  const ask = readAsk(format, Buffer.from(JSON.stringify(body(endpoint.model))));
  const out = ask && pay({ ...ask, model: endpoint.model });
  if (out?.kind !== 'go')
    throw new EgressError('refused', 'the test was not let out', 'See: ./bellhop budget');
  const startedMs = deps.now();
  const going = { sent: false };
  const called = await call(deps, endpoint, path, ask?.body.toString('utf8') ?? '', TEST_MS, () => {
    going.sent = true;
  }).catch((error: unknown) => {
    const totalMs = deps.now() - startedMs;
    out.settle({ status: 0, ...going, whole: false, usage: null, firstByteMs: null, totalMs });
    throw error;
  });
  const { status, bytes, firstByteMs } = called;
  const totalMs = deps.now() - startedMs;
  const meter = createMeter();
  meter.push(bytes);
  const usage = meter.end();
  out.settle({ status, sent: true, whole: true, usage, firstByteMs, totalMs });
  if (status !== 200) throw said(status, bytes, endpoint);
  return {
    ms: Math.round(totalMs),
    text: clip(wordsOf(bytes.toString('utf8')), MAX_WORDS),
    inputTokens: usage.input,
    outputTokens: usage.output,
  };
}

export async function listModels(deps: ForwardDeps, endpoint: Endpoint): Promise<string[]> {
  const { listPath } = PROVIDERS[endpoint.provider];
  const { status, bytes } = await call(deps, endpoint, listPath, null, LIST_MS);
  if (status !== 200) throw said(status, bytes, endpoint);
  const { data, models } = JSON.parse(bytes.toString('utf8')) as Record<string, unknown>;
  const entries = [data, models].find(Array.isArray) ?? [];
  return entries.flatMap((entry: { id?: unknown; name?: unknown } | null) => {
    const name = entry?.id ?? entry?.name;
    return typeof name === 'string' && name.length <= 200 ? [name.replace(/^models\//, '')] : [];
  });
}

/** Its models; null when none answers soon. Never throws: most machines have none. */
export async function askOllama(deps: ForwardDeps, baseUrl: string | null): Promise<string[] | null> {
  try {
    const endpoint = { provider: 'ollama', model: '', baseUrl } as const;
    const { status, bytes } = await call(deps, endpoint, '/models', null, OLLAMA_MS);
    const { data } = JSON.parse(bytes.toString('utf8')) as { data?: { id?: unknown }[] };
    if (status !== 200 || !Array.isArray(data)) return null;
    return data.flatMap(({ id }) => (typeof id === 'string' ? [id] : []));
  } catch (nobody) {
    if (nobody instanceof Error) return null;
    throw nobody;
  }
}

interface Called {
  readonly status: number;
  readonly bytes: Buffer;
  readonly firstByteMs: number;
}

function call(
  deps: ForwardDeps,
  endpoint: Endpoint,
  path: string,
  body: string | null,
  limitMs: number,
  onSent: () => void = () => undefined,
): Promise<Called> {
  const { label, headers, keyless } = PROVIDERS[endpoint.provider];
  const key = deps.keyOf(endpoint);
  if (key === null && !keyless) {
    throw new EgressError('no_key', `there is no key for ${label}`, 'Enter it: ./bellhop model set');
  }
  const startedMs = deps.now();
  const method = body === null ? 'GET' : 'POST';
  const framing = {
    'accept-encoding': 'identity',
    ...(body === null
      ? {}
      : { 'content-type': 'application/json', 'content-length': `${Buffer.byteLength(body)}` }),
  };
  const passed = {
    kind: 'pass',
    method,
    url: targetUrl(endpoint, path),
    headers: { ...headers, ...framing },
  } as const;
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      clearTimeout(late);
      out.destroy();
      const where = targetUrl(endpoint, '').host;
      reject(
        new EgressError(
          'unreachable',
          `${where} could not be reached: ${why}`,
          'Check the network, and the address.',
        ),
      );
    };
    // Nobody makes a second attempt of it, so it takes no connection that may be closed already.
    const out = deps.upstream(passed.url, { ...withKey(passed, endpoint, key), isFresh: true });
    out.once('socket', (socket) => whenConnected(socket, onSent));
    const late = setTimeout(() => fail(`no answer within ${limitMs / 1_000} s`), limitMs);
    out.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? 'the connection broke'));
    out.once('response', (answer) => {
      const judged = judgeAnswer(answer.statusCode ?? 0, answer.headers, key);
      if ('refusal' in judged) return fail(judged.refusal.message);
      const firstByteMs = deps.now() - startedMs;
      collect(answer).then(
        (bytes) => {
          clearTimeout(late);
          const clean = key === null ? bytes : Buffer.from(bytes.toString('utf8').replaceAll(key, '*'));
          resolve({ status: answer.statusCode ?? 0, bytes: clean, firstByteMs });
        },
        () => fail('the answer broke off'),
      );
    });
    out.end(body ?? undefined);
  });
}

async function collect(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new RangeError('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What a status means for the owner; the first that fits. */
const MEANINGS: readonly (readonly [RegExp, code: string, words: string, hint: string])[] = [
  [/^(401|403)$/, 'bad_key', 'the key was refused', 'Enter another: ./bellhop model set'],
  [/^402$/, 'no_credit', 'there is no credit left', 'Add credit at the provider, then: ./bellhop model test'],
  [/^404$/, 'no_such_model', 'there is no such model', 'See which there are: ./bellhop model list'],
  [/^429$/, 'limited', 'the limit of calls or of credit is reached', 'Wait, or add credit at the provider.'],
  [/^5/, 'overloaded', 'the provider has a fault or is overloaded', 'Try again later.'],
  [/./, 'refused', 'the call was refused', 'Read what the provider says.'],
];

function said(status: number, bytes: Buffer, { provider, model }: Endpoint): EgressError {
  const [, code, words, hint] = MEANINGS.find(([pattern]) => pattern.test(`${status}`)) ?? [];
  const theirs = errorWords(bytes.toString('utf8'));
  const where = `${PROVIDERS[provider].label}${model === '' ? '' : `, ${model}`}`;
  const message = `${where}: ${words} (${status})${theirs === '' ? '' : `: ${theirs}`}`;
  return new EgressError(code ?? 'refused', message, hint ?? '');
}

function errorWords(body: string): string {
  try {
    const { error } = JSON.parse(body) as { error?: { message?: unknown } };
    return typeof error?.message === 'string' ? clip(error.message, MAX_WORDS) : '';
  } catch (noJson) {
    if (noJson instanceof Error) return '';
    throw noJson;
  }
}

/** The texts in an answer of any of the formats. Throws EgressError for what is none of them. */
function wordsOf(answer: string): string {
  const texts: string[] = [];
  const visit = (value: unknown, name: string): void => {
    if (typeof value === 'string') {
      if (name === 'text' || name === 'content') texts.push(value);
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) visit(inner, Array.isArray(value) ? name : key);
    }
  };
  try {
    visit(JSON.parse(answer), '');
  } catch (strange) {
    if (!(strange instanceof SyntaxError)) throw strange;
    const hint = 'Check its address: ./bellhop model set --base-url URL';
    throw new EgressError('refused', 'the model answered, but not in JSON', hint);
  }
  return texts.join(' ').trim();
}
