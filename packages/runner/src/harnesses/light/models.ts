/**
 * The model as an object, by provider. Never by name: a model named by a string is asked for at somebody's gateway.
 *
 * Keys are placeholders; the egress process puts the real one in, and forwards only what belongs to this provider.
 */
import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogle } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import type { LanguageModel, ModelMessage, streamText } from 'ai';
import type { ModelConfig } from '../../protocol.ts';
import { anthropicDialect } from './dialects/anthropic.ts';
import { chatDialect } from './dialects/chat.ts';
import { fetchIn } from './dialects/fetch.ts';
import { googleDialect } from './dialects/google.ts';
import { responsesDialect } from './dialects/responses.ts';

const apiKey = 'bellhop-placeholder';

export type ProviderOptions = NonNullable<Parameters<typeof streamText>[0]['providerOptions']>;

/** What is told of a model while it answers. */
export interface Heard {
  /** It thought aloud, in a field of this name. */
  readonly onThought: (field: string) => void;
}

type Make = (config: ModelConfig, baseURL: string, heard: Heard) => LanguageModel;

const chat = ({ onThought }: Heard) => fetchIn(() => chatDialect(onThought));
const compatible: Make = ({ provider: name, model }, baseURL, heard) =>
  createOpenAICompatible({ name, baseURL, apiKey, includeUsage: true, fetch: chat(heard) })(model);

/** `below` is where the endpoint's paths begin, after the URL that stands for the provider. */
const PROVIDERS: Readonly<Record<ModelConfig['provider'], { readonly below: string; readonly make: Make }>> =
  {
    anthropic: {
      below: '/v1',
      make: ({ model }, baseURL) =>
        createAnthropic({ baseURL, apiKey, fetch: fetchIn(anthropicDialect) })(model),
    },
    openai: {
      below: '',
      make: ({ model }, baseURL) =>
        createOpenAI({ baseURL, apiKey, fetch: fetchIn(responsesDialect) }).responses(model),
    },
    'openai-chat': {
      below: '',
      make: ({ model }, baseURL, heard) => createOpenAI({ baseURL, apiKey, fetch: chat(heard) }).chat(model),
    },
    google: {
      below: '/v1beta',
      make: ({ model }, baseURL) => createGoogle({ baseURL, apiKey, fetch: fetchIn(googleDialect) })(model),
    },
    openrouter: { below: '', make: compatible },
    ollama: { below: '', make: compatible },
    compatible: { below: '', make: compatible },
  };

export function openModel(config: ModelConfig, modelUrl: string, heard: Heard): LanguageModel {
  const { below, make } = PROVIDERS[config.provider];
  return make(config, modelUrl + below, heard);
}

/** Nothing of a conversation is kept at the provider; what repeats is read from its cache. */
export const PROVIDER_OPTIONS: ProviderOptions = { openai: { store: false } };

const CACHED: ProviderOptions = { anthropic: { cacheControl: { type: 'ephemeral' } } };

/** Marks the end of what the next call will repeat; providers that cache by themselves ignore it. */
export function withCacheMarks(messages: readonly ModelMessage[]): ModelMessage[] {
  const last = messages.length - 1;
  return messages.map((message, index) =>
    index === last ? { ...message, providerOptions: { ...message.providerOptions, ...CACHED } } : message,
  );
}

export function asInstructions(content: string): {
  role: 'system';
  content: string;
  providerOptions: ProviderOptions;
} {
  return { role: 'system', content, providerOptions: CACHED };
}
