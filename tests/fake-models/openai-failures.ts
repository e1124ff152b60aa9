/** How OpenAI's two APIs say no. */
import type { Protocol } from './protocol.ts';

const failure = (status: number, type: string, code: string | null, message: string) => ({
  status,
  body: { error: { message, type, param: null, code } },
});

export const openaiFailures: Protocol['failures'] = {
  rate_limit: failure(429, 'requests', 'rate_limit_exceeded', 'Rate limit reached for requests'),
  overload: failure(503, 'server_error', null, 'The engine is currently overloaded, please try again later'),
  server: failure(500, 'server_error', null, 'The server had an error while processing your request'),
  bad_key: failure(401, 'invalid_request_error', 'invalid_api_key', 'Incorrect API key provided'),
  no_credit: failure(429, 'insufficient_quota', 'insufficient_quota', 'You exceeded your current quota'),
  unknown_model: failure(404, 'invalid_request_error', 'model_not_found', 'The model does not exist'),
  context: failure(
    400,
    'invalid_request_error',
    'context_length_exceeded',
    "This model's maximum context length is 128000 tokens",
  ),
};
