/**
 * What the egress process itself answers, in words that an agent can read and act on. Every one of them carries
 * `x-bellhop-error`, so that a client tells them from the provider's own.
 */
import type { ServerResponse } from 'node:http';

export interface Refusal {
  readonly status: number;
  readonly code: 'no_key' | 'unreachable' | 'refused' | 'not_allowed' | 'budget_asked' | 'budget_over';
  readonly message: string;
  readonly hint: string;
}

export const REFUSALS = {
  proxy: {
    status: 403,
    code: 'not_allowed',
    message: 'This host is not allowed for this agent.',
    hint: 'Do not try again. Say what you need from that host; the owner opens it: ./bellhop hosts allow NAME',
  },
  plain: {
    status: 403,
    code: 'not_allowed',
    message: 'This host is not allowed for this agent by plain HTTP, as no host is.',
    hint: 'Ask for it by https://',
  },
  notAHost: {
    status: 403,
    code: 'not_allowed',
    message: 'This is not the plain name of one host, or the Host header names another.',
    hint: 'Ask for it by its name and port, without an address, a user or a dot at the end.',
  },
  unresolved: {
    status: 502,
    code: 'unreachable',
    message: 'No address was found for this host.',
    hint: 'Check how its name is spelled, or try again later.',
  },
  badAddress: {
    status: 403,
    code: 'not_allowed',
    message: 'The name of this host leads into a private network, or to this machine.',
    hint: 'Do not try again. The owner can allow that: ./bellhop hosts allow NAME --private',
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
    message: 'The body is not one JSON object in UTF-8, or is in more parts than any conversation.',
    hint: 'Send one, as the API of the model documents it.',
  },
  reaches: {
    status: 403,
    code: 'not_allowed',
    message: 'This call would make the provider search, fetch, connect or load something by its address.',
    hint: 'Do not try again. Use your own tools, and send pictures and files in the call itself.',
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
  noLedger: {
    status: 503,
    code: 'unreachable',
    message: 'The call cannot be put on record, so it was not made.',
    hint: 'Try again later; the owner can look: ./bellhop logs',
  },
  noAudit: {
    status: 503,
    code: 'unreachable',
    message: 'This cannot be written into the audit, so it was not done.',
    hint: 'Try again later; the owner can look: ./bellhop doctor',
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

export function refuse(response: ServerResponse, refusal: Refusal): void {
  const body = refusalBody(refusal);
  // Whatever of the request is still on its way is not worth reading.
  response.writeHead(refusal.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-bellhop-error': refusal.code,
    connection: 'close',
  });
  response.end(body);
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
