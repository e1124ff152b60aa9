/**
 * How much of a link may be data and not words. Pure; a table of examples is in links.test.ts.
 *
 * An address is cut into pieces at everything that is neither letter nor digit. A piece is plain when it is short,
 * or could be a word: letters of one case, with vowels among them. Numbers are plain up to a sum. All other pieces are
 * opaque: keys, hashes, base64 in any alphabet, hex. What is spelled as words, in many links or over many messages,
 * passes: no guard of texts can stop that (docs/SECURITY.md).
 */
const PLAIN_CHARS = 3;
/** All numbers of a link together: a date, a time and an id. */
const ALL_NUMBERS_CHARS = 24;
const NUMBER = /^\d+$/;
const WORD_CHARS = 20;
const VOWELS = /[aeiouyàâäåéèêëíîïóôöúûüæøœ]/g;
const CONSONANTS_IN_A_ROW = 6;

/** Of a host's name, the end of it that somebody has registered: no data of this message is in it. */
const REGISTERED_LABELS = 2;

/** Characters of all opaque pieces. @param text user, labels before the registered name, path, query and fragment. */
export function opaqueChars(text: string): number {
  const pieces = decoded(text).split(/[^\p{L}\p{N}]+/u);
  const digits = pieces.filter((piece) => NUMBER.test(piece)).join('').length;
  const others = pieces.filter((piece) => !NUMBER.test(piece) && !isPlain(piece)).join('').length;
  return others + Math.max(0, digits - ALL_NUMBERS_CHARS);
}

export function labelsBefore(host: string): string {
  return host.split('.').slice(0, -REGISTERED_LABELS).join('.');
}

function isPlain(piece: string): boolean {
  if (piece.length <= PLAIN_CHARS) return true;
  // A word and a number, as in covid19 or chapter12.
  const [, word = ''] = /^(\p{L}+?)\d{0,4}$/u.exec(piece) ?? [];
  if (word === '' || word.length > WORD_CHARS) return false;
  const lower = word.toLowerCase();
  const isOneCase = word === lower || word === word.toUpperCase() || word.slice(1) === lower.slice(1);
  if (!isOneCase) return isCamel(word);
  return looksSpoken(lower);
}

/** Words put together, each with a capital: GitHub, ReadMe. Two letters are no word. */
function isCamel(text: string): boolean {
  const words = text.match(/\p{Lu}?\p{Ll}+|\p{Lu}+(?!\p{Ll})/gu) ?? [];
  return words.every((word) => word.length > 2 && looksSpoken(word.toLowerCase()));
}

function looksSpoken(word: string): boolean {
  // Other alphabets are words as far as we can tell.
  if (!/[a-z]/.test(word)) return true;
  const vowels = word.match(VOWELS)?.length ?? 0;
  const longest = Math.max(...word.split(VOWELS).map((run) => run.length));
  const share = vowels / word.length;
  return share >= 0.2 && (share <= 0.7 || word.length <= 5) && longest < CONSONANTS_IN_A_ROW;
}

/** Escapes may hide anything, also escapes. */
function decoded(text: string): string {
  return text.replace(/%(?:25)*([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
