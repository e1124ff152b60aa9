/**
 * Long texts, cut with a note of what is missing: whoever reads the rest must know that there is more. No cut leaves half a
 * character behind (mailbox: clip.ts).
 */
import { clip, clipToEnd } from '@bellhop/mailbox';

export function headOf(text: string, chars: number): string {
  if (text.length <= chars) return text;
  const head = clip(text, chars);
  return `${head}\n[… ${text.length - head.length} more characters]`;
}

/** The first quarter and the end: errors stand last. */
export function endsOf(text: string, chars: number): string {
  const head = Math.floor(chars / 4);
  return bothEnds(text, head, chars - head);
}

/** Its first and its last characters, so many of each. */
export function bothEnds(text: string, head: number, tail: number): string {
  if (text.length <= head + tail) return text;
  const [first, last] = [clip(text, head), clipToEnd(text, tail)];
  const left = text.length - first.length - last.length;
  return `${first}\n[… ${left} characters left out …]\n${last}`;
}
