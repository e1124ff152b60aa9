/** What is answered within a connection whose TLS ends here, in words that an agent can act on. */
import type { Refusal } from '../refusals.ts';

export const ENDED = {
  notThisHost: {
    status: 421,
    code: 'refused',
    message: 'The Host header names another host than the connection was opened for.',
    hint: 'Open a connection of its own for each host.',
  },
  strange: {
    status: 400,
    code: 'refused',
    message: 'This is not a request that can be passed on.',
    hint: 'Send plain HTTP/1.1: a path that begins with one slash, one length, no upgrade, no CONNECT, no TRACE.',
  },
  notAllowed: {
    status: 403,
    code: 'not_allowed',
    message: 'This method and path are not allowed for this agent at this host.',
    hint: 'Do not try again. Say what you need; the owner opens it: ./bellhop hosts allow NAME --method M --path P',
  },
  notPlain: {
    status: 403,
    code: 'not_allowed',
    message: 'This path has dots, doubled slashes or escapes in it, so it is compared with no rule.',
    hint: 'Ask for it by its plain path.',
  },
  oneByOne: {
    status: 429,
    code: 'refused',
    message: 'A request is under way on this connection already.',
    hint: 'Wait for its answer, or open another connection.',
  },
  noSecret: {
    status: 503,
    code: 'no_key',
    message:
      'The secret that belongs into this request is not stored, or the key of the vault does not open it.',
    hint: 'Say so; the owner enters it again: ./bellhop secrets set NAME',
  },
  unreachable: {
    status: 502,
    code: 'unreachable',
    message: 'The host could not be reached, or broke off.',
    hint: 'Try again later.',
  },
  badCertificate: {
    status: 502,
    code: 'unreachable',
    message: 'The host showed no valid certificate for its name, so nothing was sent to it.',
    hint: 'Do not try again. The owner can look: ./bellhop logs',
  },
  compressed: {
    status: 502,
    code: 'refused',
    message: 'The host answered compressed, though it was asked not to.',
    hint: 'Try another path of it, or say so: a secret cannot be looked for in such an answer.',
  },
} as const satisfies Readonly<Record<string, Refusal>>;
