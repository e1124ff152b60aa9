/** The address of a conversation in the page: `#/AGENT/THREAD`; of another part of it: `#/model`. The browser's "back" then works, on a phone above all. */
import type { Part, Place } from './state.ts';

const NAME = /^[\w.:@-]{1,100}$/;

export function placeOf(hash: string): Place | null {
  const [agent = '', thread = '', more] = hash.replace(/^#\//, '').split('/');
  return NAME.test(agent) && NAME.test(thread) && more === undefined ? { agent, thread } : null;
}

export function hashOf(place: Place | null): string {
  return place === null ? '#/' : `#/${place.agent}/${place.thread}`;
}

export const MODEL_HASH = '#/model';
export const LETTERS_HASH = '#/dead-letters';
export const USAGE_HASH = '#/usage';

const PARTS: Readonly<Record<string, Part>> = {
  [MODEL_HASH]: 'model',
  [LETTERS_HASH]: 'dead letters',
  [USAGE_HASH]: 'usage',
};

export function partOf(hash: string): Part | null {
  return PARTS[hash] ?? null;
}

/** Fresh, in the alphabet that the host takes. Not randomUUID: a page on plain http does not have it. */
export function freshName(prefix: string, random: (bytes: Uint8Array<ArrayBuffer>) => void): string {
  const bytes = new Uint8Array(12);
  random(bytes);
  return `${prefix}-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
