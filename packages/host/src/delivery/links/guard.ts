/**
 * The guard over what an agent says: chat apps fetch previews of links, and people open them, so a link is a way out for
 * data, past every sandbox. One that carries much that is no words, to a host that its owner has not allowed, is made
 * inert: `hxxps[:]//host[.]example/…`, which no client links or fetches, and a line below says so.
 *
 * The text is looked at in chunks without white space (or whole `<…>`), each as a client would read it in the end: without
 * invisible characters, entities and escapes of Markdown taken apart. Where a chunk is made inert, that reading is what is
 * sent. Pure, and linear in the text's length.
 */
import { clip } from '@bellhop/mailbox';
import { labelsBefore, opaqueChars } from './opaque.ts';

/** Of one link: a commit (40), a UUID (32) or a Google document (44) passes; a key, a token or a signature does not. */
const MAX_OPAQUE = 48;
/** Of all links of one text: else data goes out in slices. */
export const MAX_OPAQUE_IN_ALL = 192;
/** Of one link behind its host, whatever it is made of. */
const MAX_CHARS = 400;

export interface Guarded {
  readonly text: string;
  /** Hosts of links that were made inert. */
  readonly held: readonly string[];
}

interface Link {
  readonly host: string;
  /** All of it that could carry something. */
  readonly carried: string;
}

export function guardLinks(text: string, isAllowed: (host: string) => boolean): Guarded {
  const read = readChunks(text, isAllowed);
  const all = carriedBy(read);
  const held: string[] = [];
  const parts = read.map(({ chunk, reading, links }) => {
    const bad = links.filter(({ carried }) => {
      const opaque = opaqueChars(carried);
      return (
        opaque > MAX_OPAQUE ||
        carried.length > MAX_CHARS ||
        (all > MAX_OPAQUE_IN_ALL && (opaque > 0 || /\d/.test(carried)))
      );
    });
    held.push(...bad.map(({ host }) => host));
    return bad.length === 0 ? chunk : inert(reading);
  });
  return { text: parts.join(''), held };
}

/** What all links of a text carry, in characters that are no words. */
export function opaqueIn(text: string): number {
  return carriedBy(readChunks(text, () => false));
}

interface Chunk {
  readonly chunk: string;
  /** As a client would read it in the end. */
  readonly reading: string;
  readonly links: readonly Link[];
}

function readChunks(text: string, isAllowed: (host: string) => boolean): Chunk[] {
  return text.split(/(<[^<>]{1,10000}>|[[^\s<>]\ufeff]+)/v).map((chunk, n) => {
    const readings = n % 2 === 1 && MAY_BE_LINK.test(chunk) ? asClientsRead(chunk) : [];
    const links = readings.flatMap(linksIn).filter(({ host }) => !isAllowed(host));
    return { chunk, reading: readings.at(-1) ?? '', links };
  });
}

function carriedBy(read: readonly Chunk[]): number {
  return opaqueChars(read.flatMap(({ links }) => links.map(({ carried }) => carried)).join(' '));
}

/** For whoever reads the message. */
export function heldWords(held: readonly string[]): string {
  const hosts = [...new Set(held)].slice(0, 3).map((host) => inert(clip(host, 100)));
  const which = `${hosts.join(', ')}${new Set(held).size > 3 ? ' …' : ''}`;
  const links =
    held.length === 1 ? 'A link in it was made inert' : `${held.length} links in it were made inert`;
  return `[${links}: data for ${which}, which this agent may not reach.]`;
}

const MAY_BE_LINK = /[.:：．。&\\]/;
/** Nothing that is seen, and nothing that a host or a path would miss. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}]/gu;
const ENTITIES: Readonly<Record<string, string>> = {
  colon: ':',
  sol: '/',
  period: '.',
  quest: '?',
  num: '#',
  amp: '&',
  equals: '=',
  commat: '@',
  lowbar: '_',
  hyphen: '-',
  percnt: '%',
  plus: '+',
  bsol: '\\',
};

/** As a browser reads it, and as Markdown does, which takes backslashes away. */
function asClientsRead(chunk: string): string[] {
  const plain = chunk
    .replace(/&#(?:x([0-9a-f]{1,6})|(\d{1,7}));?/gi, (_, hex: string, decimal: string) => {
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return code > 0x10ffff ? '' : String.fromCodePoint(code);
    })
    .replace(/&([a-z]{3,8});/gi, (whole, name: string) => ENTITIES[name.toLowerCase()] ?? whole)
    .replace(INVISIBLE, '')
    .normalize('NFKC')
    .replaceAll('。', '.');
  const unescaped = plain.replace(/\\([!-/:-@[-`{-~])/g, '$1');
  return unescaped === plain ? [plain] : [plain, unescaped];
}

const SCHEME = /[a-z][a-z0-9+.-]{1,11}:[\\/]+|(?:https?|ftp|wss?):/gi;
/** A name with a dot, as chat apps make a link of; its end is letters, or an address's numbers. */
const NAME =
  /(?:(?:[\p{L}\p{N}_-]{1,63}\.){1,20}(?:xn--[a-z0-9-]{1,59}|\p{L}{2,24})|(?:\d{1,3}\.){3}\d{1,3})(?![\p{L}\p{N}_-])/giu;
/** What belongs to a link behind a bare name. */
const BEHIND = /^(?::\d{1,5})?[/?#].*/s;

function linksIn(reading: string): Link[] {
  const starts = [...reading.matchAll(SCHEME)].map((found) => found.index);
  const bare = (starts[0] ?? reading.length) > 0 ? reading.slice(0, starts[0]) : '';
  const schemed = starts.flatMap((from, n) => linkAt(reading.slice(from, starts[n + 1])));
  return [...bareLinks(bare), ...schemed];
}

function linkAt(text: string): Link[] {
  const rest = text.replace(/^[a-z0-9+.-]+:[\\/]*/i, '');
  const [authority = ''] = rest.split(/[\\/?#]/, 1);
  const user = authority.slice(0, authority.lastIndexOf('@') + 1);
  const [host = ''] = authority.slice(user.length).split(/[:)\]"'`,;|]/, 1);
  if (host === '') return [];
  const behind = rest.slice(user.length + host.length);
  return [{ host: host.toLowerCase(), carried: `${user} ${labelsBefore(host)} ${behind}` }];
}

function bareLinks(text: string): Link[] {
  const names = [...text.matchAll(NAME)];
  return names.map((found, n) => {
    const [behind = ''] = BEHIND.exec(text.slice(found.index + found[0].length, names[n + 1]?.index)) ?? [];
    return { host: found[0].toLowerCase(), carried: `${labelsBefore(found[0])} ${behind}` };
  });
}

function inert(reading: string): string {
  return reading
    .replace(/https?(?=:)/gi, (scheme) => scheme.replace(/tt/i, 'xx'))
    .replaceAll(':', '[:]')
    .replaceAll('.', '[.]');
}
