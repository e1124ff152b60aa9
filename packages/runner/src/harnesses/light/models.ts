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

const apiKey = 'bellhop-placeholder';

type Make = (url: string, model: string, name: string) => LanguageModel;
export type ProviderOptions = NonNullable<Parameters<typeof streamText>[0]['providerOptions']>;

const compatible: Make = (baseURL, model, name) =>
  createOpenAICompatible({ name, baseURL, apiKey, includeUsage: true })(model);

/** `below` is where the endpoint's paths begin, after the URL that stands for the provider. */
const PROVIDERS: Readonly<Record<ModelConfig['provider'], { readonly below: string; readonly make: Make }>> =
  {
    anthropic: { below: '/v1', make: (baseURL, model) => createAnthropic({ baseURL, apiKey })(model) },
    openai: { below: '', make: (baseURL, model) => createOpenAI({ baseURL, apiKey }).responses(model) },
    'openai-chat': { below: '', make: (baseURL, model) => createOpenAI({ baseURL, apiKey }).chat(model) },
    google: { below: '/v1beta', make: (baseURL, model) => createGoogle({ baseURL, apiKey })(model) },
    openrouter: { below: '', make: compatible },
    ollama: { below: '', make: compatible },
    compatible: { below: '', make: compatible },
  };

export function openModel(config: ModelConfig, modelUrl: string): LanguageModel {
  const { below, make } = PROVIDERS[config.provider];
  return make(modelUrl + below, config.model, config.provider);
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
