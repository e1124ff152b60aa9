/**
 * What the egress process itself answers, in words that an agent can read and act on. Every one of them carries
 * `x-bellhop-error`, so that a client tells them from the provider's own.
 */

export interface Refusal {
  readonly status: number;
  readonly code: 'no_key' | 'unreachable' | 'refused' | 'not_allowed';
  readonly message: string;
  readonly hint: string;
}

export const REFUSALS = {
  proxy: {
    status: 403,
    code: 'not_allowed',
    message: 'This host is not allowed for this agent: it can reach its model and nothing else.',
    hint: 'Do not try again. Say what you need from that host; the owner decides what is opened.',
  },
  path: {
    status: 404,
    code: 'not_allowed',
    message: "This path is not one of the model endpoint's that this agent may call.",
    hint: 'Call the model below /model, by the path that its API documents.',
  },
  strange: {
    status: 400,
    code: 'refused',
    message: 'This is not a request that can be passed on.',
    hint: 'Send plain HTTP/1.1 with one Host and one length, and a path without dots or escapes.',
  },
  noJson: {
    status: 400,
    code: 'refused',
    message: 'The body is not one JSON object in UTF-8.',
    hint: 'Send one, as the API of the model documents it.',
  },
  tooBig: {
    status: 413,
    code: 'refused',
    message: 'The request is bigger than 32 MB.',
    hint: 'Send less: shorten the conversation, or send fewer and smaller images.',
  },
  tooMany: {
    status: 429,
    code: 'refused',
    message: 'Too many requests of this session are under way.',
    hint: 'Wait for one of them to end.',
  },
  noModel: {
    status: 401,
    code: 'no_key',
    message: 'No model is connected for this agent.',
    hint: 'The owner connects one: ./bellhop model set',
  },
  noKey: {
    status: 401,
    code: 'no_key',
    message: 'There is no key for this model.',
    hint: 'The owner enters it: ./bellhop model set',
  },
  unreachable: {
    status: 502,
    code: 'unreachable',
    message: 'The model could not be reached.',
    hint: 'Try again later; the owner can look: ./bellhop model test',
  },
  redirect: {
    status: 502,
    code: 'refused',
    message: 'The model endpoint answered with a redirect, which is not followed.',
    hint: 'The owner corrects its address: ./bellhop model set --base-url URL',
  },
  compressed: {
    status: 502,
    code: 'refused',
    message: 'The model endpoint answered compressed, though it was asked not to.',
    hint: 'The owner chooses another address: ./bellhop model set --base-url URL',
  },
} as const satisfies Readonly<Record<string, Refusal>>;

export function refusalBody({ code, message, hint }: Refusal): string {
  return JSON.stringify({ error: { code, message, hint } });
}

/** A whole answer, for where Node hands over a bare socket. The connection ends with it. */
export function refusalText(refusal: Refusal): string {
  const body = refusalBody(refusal);
  return [
    `HTTP/1.1 ${refusal.status} Refused`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-bellhop-error: ${refusal.code}`,
    'connection: close',
    '',
    body,
  ].join('\r\n');
}
