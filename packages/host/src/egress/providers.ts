/**
 * The providers, as one table: where each is, how its key is shown to it, which of its paths an agent may reach.
 * No key is in here. Used on both sides of the process boundary, so it imports nothing that runs.
 *
 * A custom base URL has a key of its own (`keyName`): a key that was given for one host is never sent to another.
 */
import type { ModelConfig } from '@bellhop/runner/protocol';

/** The bodies of the paths that cost money. */
export type BodyFormat = 'messages' | 'chat' | 'responses' | 'gemini';

export type ProviderId = ModelConfig['provider'];

/** The way to one model: all that a door needs to know, and no secret. */
export interface Endpoint {
  readonly provider: ProviderId;
  readonly model: string;
  /** Null: the provider's own. */
  readonly baseUrl: string | null;
}

export interface AllowedPath {
  readonly method: 'GET' | 'POST';
  readonly path: RegExp;
  /** How its body is read (usage/ask.ts): such a call costs money. One without costs none. */
  readonly format?: BodyFormat;
}

export interface Provider {
  readonly label: string;
  /** Under which name its key is kept; two of them are one company. */
  readonly keyName: string;
  /** Where the host's environment may hold the key. */
  readonly variable: string | null;
  /** Takes calls without a key. */
  readonly keyless: boolean;
  /** Null: it must be given. `/model` of a session's socket stands for it. */
  readonly baseUrl: string | null;
  readonly auth: Auth;
  /** Keys of another kind, known by how they begin, and how those are shown. */
  readonly otherAuth?: Auth & { readonly begins: string; readonly beta: string };
  /** Sent with our own calls (test, list); an agent's client sends its own. */
  readonly headers: Readonly<Record<string, string>>;
  /** What an agent may call, below the base URL. Everything else is refused. */
  readonly allowed: readonly AllowedPath[];
  readonly listPath: string;
  /** Taken when none is named; null: one must be named. */
  readonly defaultModel: string | null;
  readonly limits: Pick<ModelConfig, 'contextTokens' | 'maxOutputTokens' | 'images'>;
}

/** The header that shows a key, and what stands before it there. */
export interface Auth {
  readonly header: string;
  readonly prefix: string;
}

const BEARER = { header: 'authorization', prefix: 'Bearer ' } as const;
const SMALL = { contextTokens: 32_768, maxOutputTokens: 4_096, images: false } as const;

const OPENAI_PATHS: Provider['allowed'] = [
  { method: 'POST', path: /^\/responses$/, format: 'responses' },
  { method: 'POST', path: /^\/chat\/completions$/, format: 'chat' },
  { method: 'GET', path: /^\/models$/ },
];

const OPENAI: Provider = {
  label: 'OpenAI',
  keyName: 'openai',
  variable: 'OPENAI_API_KEY',
  keyless: false,
  baseUrl: 'https://api.openai.com/v1',
  auth: BEARER,
  headers: {},
  allowed: OPENAI_PATHS,
  listPath: '/models',
  defaultModel: 'gpt-5-mini',
  limits: { contextTokens: 272_000, maxOutputTokens: 32_768, images: true },
};

export const PROVIDERS: Readonly<Record<ProviderId, Provider>> = {
  anthropic: {
    label: 'Anthropic',
    keyName: 'anthropic',
    variable: 'ANTHROPIC_API_KEY',
    keyless: false,
    baseUrl: 'https://api.anthropic.com',
    auth: { header: 'x-api-key', prefix: '' },
    // What `claude setup-token` gives: of a subscription, good for a year.
    otherAuth: { ...BEARER, begins: 'sk-ant-oat', beta: 'oauth-2025-04-20' },
    headers: { 'anthropic-version': '2023-06-01' },
    allowed: [
      { method: 'POST', path: /^\/v1\/messages$/, format: 'messages' },
      { method: 'POST', path: /^\/v1\/messages\/count_tokens$/ },
      { method: 'GET', path: /^\/v1\/models$/ },
    ],
    listPath: '/v1/models',
    defaultModel: 'claude-sonnet-4-5',
    limits: { contextTokens: 200_000, maxOutputTokens: 32_000, images: true },
  },
  openai: OPENAI,
  'openai-chat': { ...OPENAI, label: 'OpenAI (Chat Completions)' },
  google: {
    label: 'Google Gemini',
    keyName: 'google',
    variable: 'GEMINI_API_KEY',
    keyless: false,
    baseUrl: 'https://generativelanguage.googleapis.com',
    auth: { header: 'x-goog-api-key', prefix: '' },
    headers: {},
    allowed: [
      {
        method: 'POST',
        path: /^\/v1(beta)?\/models\/[\w.-]+:(generateContent|streamGenerateContent)$/,
        format: 'gemini',
      },
      { method: 'POST', path: /^\/v1(beta)?\/models\/[\w.-]+:countTokens$/ },
      { method: 'GET', path: /^\/v1(beta)?\/models$/ },
    ],
    listPath: '/v1beta/models',
    defaultModel: 'gemini-2.5-flash',
    limits: { contextTokens: 1_000_000, maxOutputTokens: 65_536, images: true },
  },
  openrouter: {
    ...OPENAI,
    label: 'OpenRouter',
    keyName: 'openrouter',
    variable: 'OPENROUTER_API_KEY',
    baseUrl: 'https://openrouter.ai/api/v1',
    defaultModel: 'anthropic/claude-sonnet-4.5',
    limits: { contextTokens: 128_000, maxOutputTokens: 16_384, images: true },
  },
  ollama: {
    ...OPENAI,
    label: 'Ollama',
    keyName: 'ollama',
    variable: null,
    keyless: true,
    baseUrl: 'http://127.0.0.1:11434/v1',
    defaultModel: null,
    limits: SMALL,
  },
  compatible: {
    ...OPENAI,
    label: 'OpenAI-compatible',
    keyName: 'compatible',
    variable: null,
    keyless: true,
    baseUrl: null,
    defaultModel: null,
    limits: SMALL,
  },
};

/** In this order a key that is found makes a model the default. */
export const BY_KEY: readonly ProviderId[] = ['anthropic', 'openai', 'google', 'openrouter'];

export function isProvider(word: string): word is ProviderId {
  return Object.hasOwn(PROVIDERS, word);
}

/** `anthropic`, or `anthropic@gateway.example:8443` behind a base URL of the owner's. */
export function keyName(endpoint: Pick<Endpoint, 'provider' | 'baseUrl'>): string {
  const { keyName } = PROVIDERS[endpoint.provider];
  return endpoint.baseUrl === null ? keyName : `${keyName}@${new URL(endpoint.baseUrl).host}`;
}

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/;

/** Whoever runs the model on this very machine pays nobody for a call. */
export function isFree({ provider, baseUrl }: Endpoint): boolean {
  const address = baseUrl ?? PROVIDERS[provider].baseUrl;
  return provider === 'ollama' && address !== null && LOOPBACK.test(new URL(address).hostname);
}

/** Why this cannot be a base URL, in words; null when it can. A key travels to it, so plain HTTP ends on this machine. */
export function badBaseUrl(text: string): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || text.length > 500) return 'it is not an address such as https://host/v1';
  if (url.username !== '' || url.password !== '')
    return 'it holds a name or password; enter those as the key';
  if (url.search !== '' || url.hash !== '') return 'it has a ? or # part';
  if (url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname))) return null;
  return 'it must begin with https:// (http:// only for this machine)';
}
