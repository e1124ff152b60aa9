/**
 * One piece of a text file replaced, and every other byte kept, whatever the file's encoding and line ends are.
 *
 * A file that is not UTF-8 is edited in its ASCII parts alone: how other characters are written there is not known. A
 * line end of the old text stands for either kind, and one of the new text becomes the kind of the file.
 */
import { isUtf8 } from 'node:buffer';

const CR = 0x0d;
const LF = 0x0a;
const CRLF = Buffer.from('\r\n');
/** The second bytes of Shift_JIS, GBK, Big5 and GB18030 begin here: behind such a byte a match may start in mid-character. */
const FIRST_TRAIL = 0x30;
const FIRST_LEAD = 0x80;

export type Edited =
  | { readonly kind: 'edited'; readonly bytes: Buffer }
  /** The words are for the agent. */
  | { readonly kind: 'refused'; readonly why: string };

/** Pure. @param name as the agent calls the file. */
export function editBytes(bytes: Buffer, oldText: string, newText: string, name: string): Edited {
  const unicode = isUtf8(bytes);
  if (!unicode && !(isAscii(oldText) && isAscii(newText))) {
    const why = `${name} is not UTF-8, so old_text and new_text may hold ASCII only; for more use bash, with iconv`;
    return { kind: 'refused', why };
  }
  if (!oldText.isWellFormed() || !newText.isWellFormed()) {
    return { kind: 'refused', why: 'half of a character stands in old_text or new_text' };
  }
  const file = unfolded(bytes);
  const wanted = unfolded(Buffer.from(oldText)).bytes;
  const places = placesOf(wanted, file.bytes).filter((at) => unicode || startsCharacter(file.bytes, at));
  const [at] = places;
  if (at === undefined) return { kind: 'refused', why: `old_text does not stand in ${name}; read it again` };
  if (places.length > 1) {
    const why = `old_text stands ${places.length} times in ${name}; give more of the lines around it`;
    return { kind: 'refused', why };
  }
  const [from, to] = [file.originOf(at), file.originOf(at + wanted.length)];
  const replacement = usesCrlf(bytes.subarray(from, to), bytes)
    ? newText.replaceAll(/\r?\n/g, '\r\n')
    : newText;
  return {
    kind: 'edited',
    bytes: Buffer.concat([bytes.subarray(0, from), Buffer.from(replacement), bytes.subarray(to)]),
  };
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}

/** With each CRLF as a single LF, and where each byte of that stands in the original. */
function unfolded(bytes: Buffer): { readonly bytes: Buffer; originOf(at: number): number } {
  const removed: number[] = [];
  for (let at = bytes.indexOf(CRLF); at !== -1; at = bytes.indexOf(CRLF, at + 2)) removed.push(at);
  const out = Buffer.allocUnsafe(bytes.length - removed.length);
  let [from, to] = [0, 0];
  for (const at of [...removed, bytes.length]) {
    to += bytes.copy(out, to, from, at);
    from = at + 1;
  }
  return {
    bytes: out,
    originOf(at) {
      // How many CRs are gone before this place: removed[n] stood at n bytes less in what is left.
      let [low, high] = [0, removed.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((removed[middle] ?? 0) - middle < at) low = middle + 1;
        else high = middle;
      }
      return at + low;
    },
  };
}

/** Those that do not overlap. */
function placesOf(wanted: Buffer, bytes: Buffer): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(wanted); at !== -1; at = bytes.indexOf(wanted, at + wanted.length))
    places.push(at);
  return places;
}

function startsCharacter(bytes: Buffer, at: number): boolean {
  return at === 0 || (bytes[at - 1] ?? 0) < FIRST_LEAD || (bytes[at] ?? 0) < FIRST_TRAIL;
}

/** As the piece does that is replaced; one without a line end, as most lines of the file do. */
function usesCrlf(piece: Buffer, file: Buffer): boolean {
  const of = piece.includes(LF) ? piece : file;
  let [crlf, lf] = [0, 0];
  for (let at = of.indexOf(LF); at !== -1; at = of.indexOf(LF, at + 1)) {
    if (of[at - 1] === CR) crlf += 1;
    else lf += 1;
  }
  return crlf > lf;
}
