/**
 * How providers and servers say that a conversation is too long for them, and what sounds alike and is not that: data for the
 * harness's tables (errors.test.ts), in the shapes in which they answer.
 */

import { raw, type Script } from './script.ts';

export interface Said {
  readonly who: string;
  readonly status: number;
  readonly body: unknown;
}

const openai = (message: string, code: string | null = null, type = 'invalid_request_error') => ({
  error: { message, type, param: null, code },
});
const said = (who: string, status: number, body: unknown): Said => ({ who, status, body });

export const TOO_LONG: readonly Said[] = [
  said('Anthropic', 400, {
    type: 'error',
    error: { type: 'invalid_request_error', message: 'prompt is too long: 213462 tokens > 200000 maximum' },
  }),
  said('Anthropic, with its answer', 400, {
    type: 'error',
    error: {
      type: 'invalid_request_error',
      message:
        'input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease input length or `max_tokens` and try again',
    },
  }),
  said('Anthropic, in bytes', 413, {
    type: 'error',
    error: { type: 'request_too_large', message: 'Request exceeds the maximum size' },
  }),
  said(
    'OpenAI',
    400,
    openai(
      "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens.",
      'context_length_exceeded',
    ),
  ),
  said(
    'OpenAI, Responses',
    400,
    openai('Your input exceeds the context window of this model. Please adjust your input and try again.'),
  ),
  said(
    'OpenAI, more than a minute holds',
    429,
    openai(
      'Request too large for gpt-4o in organization org-1 on tokens per min (TPM): Limit 30000, Requested 36055. The input or output tokens must be reduced in order to run successfully.',
      'rate_limit_exceeded',
      'tokens',
    ),
  ),
  said(
    'OpenAI, more than a minute holds, in other words',
    429,
    openai(
      'Rate limit reached for gpt-4 on tokens per min (TPM): Limit 10,000, Used 0, Requested 12,345. Please try again later.',
      'rate_limit_exceeded',
      'tokens',
    ),
  ),
  said(
    'Groq',
    413,
    openai(
      'Request too large for model `llama` on tokens per minute (TPM): Limit 6000, Requested 8391, please reduce your message size and try again.',
      'rate_limit_exceeded',
      'tokens',
    ),
  ),
  said(
    'Groq, the model',
    400,
    openai('Please reduce the length of the messages or completion.', 'context_length_exceeded'),
  ),
  said('xAI', 400, {
    code: 'invalid-argument',
    error: "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
  }),
  said(
    'DashScope',
    400,
    openai(
      '<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 129024]',
      'invalid_parameter_error',
    ),
  ),
  said('DashScope, its own API', 400, {
    code: 'InvalidParameter',
    message: 'Range of input length should be [1, 30720]',
    request_id: 'r',
  }),
  said('Zhipu', 400, { error: { code: '1261', message: 'Prompt 超长' } }),
  said('Zhipu, in English', 400, { error: { code: '1261', message: 'Prompt exceeds max length' } }),
  said(
    'Moonshot',
    400,
    openai('Invalid request: Your request exceeded model token limit: 262144 (requested: 291351)'),
  ),
  said('Moonshot, another one', 400, openai('Input token length too long')),
  said('Bedrock', 400, { message: 'Input is too long for requested model.' }),
  said('Bedrock, in bytes', 400, {
    message: 'Malformed input request: too many total text bytes: 27000000 > 25000000',
  }),
  said('TGI', 422, {
    error:
      'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens and 500 `max_new_tokens`',
    error_type: 'validation',
  }),
  said('TGI, the prompt alone', 422, {
    error: 'Input validation error: `inputs` must have less than 1024 tokens. Given: 1500',
    error_type: 'validation',
  }),
  said(
    'Copilot',
    400,
    openai('prompt token count of 391491 exceeds the limit of 128000', 'model_max_prompt_tokens_exceeded'),
  ),
  said('Gemini', 400, {
    error: {
      code: 400,
      status: 'INVALID_ARGUMENT',
      message: 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
    },
  }),
  said('Mistral', 400, {
    object: 'error',
    message:
      'Prompt contains 40960 tokens and 0 draft tokens, too large for model with 32768 maximum context length',
    type: 'invalid_request_error',
    code: 3051,
  }),
  said('OpenRouter', 400, {
    error: {
      code: 400,
      message:
        "This endpoint's maximum context length is 128000 tokens. However, you requested about 140000 tokens",
    },
  }),
  said('Ollama', 400, { error: 'prompt too long; exceeded max context length by 12 tokens' }),
  said('llama.cpp', 400, {
    error: {
      code: 400,
      message: 'the request exceeds the available context size, try increasing it',
      type: 'exceed_context_size_error',
    },
  }),
  said('LM Studio', 400, {
    error: 'The number of tokens to keep from the initial prompt is greater than the context length.',
  }),
  said('vLLM', 400, {
    object: 'error',
    message: 'The decoder prompt (length 5000) is longer than the maximum model length of 4096.',
    type: 'BadRequestError',
    code: 400,
  }),
  said('SGLang', 400, {
    object: 'error',
    message: "The input (12000 tokens) is longer than the model's context length (8192 tokens).",
    code: 400,
  }),
  said('MiniMax', 200, {
    base_resp: { status_code: 2013, status_msg: 'invalid params, context window exceeds limit' },
  }),
  said('SiliconFlow', 400, {
    code: 20015,
    message: 'length of prompt_tokens (40000) must be less than max_seq_len (32768).',
  }),
  said('Cohere', 400, {
    message: 'too many tokens: total number of tokens in the prompt cannot exceed 4081',
  }),
];

/** A model that holds so many characters of a request, and says so in these words. */
export function holding(characters: number, { status, body }: Said, script: Script): Script {
  return (request) =>
    JSON.stringify(request.body).length > characters
      ? raw(JSON.stringify(body), status, { 'retry-after': '60' })
      : script(request);
}

/** The last word of each: what it is. */
export const NOT_TOO_LONG: readonly (Said & { readonly class: string })[] = [
  {
    ...said(
      'OpenAI, later',
      429,
      openai(
        'Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000, Used 28000, Requested 3600. Please try again in 3.2s.',
        'rate_limit_exceeded',
        'tokens',
      ),
    ),
    class: 'rate_limit',
  },
  {
    ...said('Bedrock, later', 429, { message: 'Too many tokens, please wait before trying again.' }),
    class: 'rate_limit',
  },
  {
    ...said('Bedrock, tomorrow', 429, {
      message: 'Too many tokens per day, please wait before trying again.',
    }),
    class: 'rate_limit',
  },
  {
    ...said('Anthropic, later', 429, {
      type: 'error',
      error: {
        type: 'rate_limit_error',
        message: 'This request would exceed your organization’s rate limit of 30,000 input tokens per minute',
      },
    }),
    class: 'rate_limit',
  },
  {
    ...said(
      'OpenAI, a limit of ours',
      400,
      openai(
        'max_tokens is too large: 40000. This model supports at most 16384 completion tokens.',
        'invalid_value',
      ),
    ),
    class: 'bad_request',
  },
  {
    ...said(
      'DashScope, a limit of ours',
      400,
      openai('Range of max_tokens should be [1, 8192]', 'invalid_parameter_error'),
    ),
    class: 'bad_request',
  },
  {
    ...said('a picture', 400, openai('image exceeds 5 MB maximum: 6291456 bytes > 5242880 bytes')),
    class: 'bad_request',
  },
  {
    ...said(
      'DashScope, a tool of ours',
      400,
      openai(
        '<400> InternalError.Algo.InvalidParameter: The tool call is not supported.',
        'invalid_parameter_error',
      ),
    ),
    class: 'bad_request',
  },
];
