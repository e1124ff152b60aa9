/** The routes of the model as a host answers them: a key, once entered, is in no answer. */
import type { ModelView, ProviderView, SetModel } from '@bellhop/host/api';

const NAMES: Readonly<Record<string, readonly string[]>> = {
  anthropic: ['claude-sonnet-4-5', 'claude-haiku-4-5'],
  ollama: ['llama3.2'],
};

function provider(id: string, label: string, more: Partial<ProviderView> = {}): ProviderView {
  return { id, label, variable: null, key: 'missing', defaultModel: null, ...more };
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

export class FakeModelApi {
  /** What was chosen, as it was sent. */
  readonly changes: SetModel[] = [];
  /** What a test of the model answers instead of working. */
  refusal: { readonly code: string; readonly message: string; readonly hint: string } | null = null;
  #keys = new Set<string>();
  #choice: { provider: string; model: string; baseUrl: string | null } | null = null;

  get demo(): boolean {
    return this.#choice === null;
  }

  get model(): string | null {
    return this.#choice?.model ?? null;
  }

  view(): ModelView {
    const choice = this.#choice;
    return {
      agent: 'bell',
      by: choice ? 'owner' : 'nobody',
      provider: choice?.provider ?? null,
      model: choice?.model ?? null,
      baseUrl: choice?.baseUrl ?? null,
      key: choice ? this.#keyOf(choice.provider) : 'missing',
      harness: choice ? 'light' : 'demo',
      demo: choice === null,
      providers: [
        provider('anthropic', 'Anthropic', { defaultModel: 'claude-sonnet-4-5' }),
        provider('openai', 'OpenAI', { defaultModel: 'gpt-5-mini' }),
        provider('openai-chat', 'OpenAI (Chat Completions)', { defaultModel: 'gpt-5-mini' }),
        provider('google', 'Google Gemini', { defaultModel: 'gemini-2.5-flash' }),
        provider('openrouter', 'OpenRouter', { defaultModel: 'anthropic/claude-sonnet-4.5' }),
        provider('ollama', 'Ollama', { key: 'none needed', defaultModel: 'llama3.2' }),
        provider('compatible', 'OpenAI-compatible', { key: 'none needed' }),
      ].map((one) => ({ ...one, key: this.#keyOf(one.id, one.key) })),
    };
  }

  #keyOf(id: string, fallback: ModelView['key'] = 'missing'): ModelView['key'] {
    if (this.#keys.has(id)) return 'vault';
    return id === 'ollama' || id === 'compatible' ? 'none needed' : fallback;
  }

  /** Null for a route of somebody else. */
  answer(route: string, query: URLSearchParams, body: Readonly<Record<string, unknown>>): Answer | null {
    switch (route) {
      case 'GET /v1/model':
        return { status: 200, body: this.view() };
      case 'PUT /v1/model':
        this.#choose(body as SetModel);
        return { status: 200, body: this.view() };
      case 'POST /v1/model/test':
        return this.#test();
      case 'GET /v1/models': {
        const id = query.get('provider') ?? '';
        return { status: 200, body: { provider: id, models: NAMES[id] ?? [] } };
      }
      default:
        return null;
    }
  }

  #test(): Answer {
    if (this.refusal) return { status: 502, body: { error: this.refusal } };
    const { provider: id = '', model = '' } = this.#choice ?? {};
    return {
      status: 200,
      body: { provider: id, model, ms: 812, text: 'ready', inputTokens: 12, outputTokens: 1 },
    };
  }

  #choose(change: SetModel): void {
    this.changes.push(change);
    const id = change.provider ?? this.#choice?.provider ?? '';
    if (id === 'auto') {
      this.#choice = null;
      return;
    }
    if (change.key === null) this.#keys.delete(id);
    else if (change.key !== undefined) this.#keys.add(id);
    const model =
      change.model ?? this.view().providers.find((one) => one.id === id)?.defaultModel ?? this.#choice?.model;
    this.#choice = { provider: id, model: model ?? '', baseUrl: change.baseUrl ?? null };
  }
}
