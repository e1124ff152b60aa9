/**
 * Thoughts that a model writes into its answer: `<think>…</think>`. They are no part of it: not sent, not shown, not kept.
 *
 * Many servers hand the tags through. Where the opening one is part of the model's own prompt, the answer holds the closing
 * one alone: then all that stands before it was a thought. Tags in code are text, as everywhere (output.ts); a closing one
 * alone on its line counts there too, as a thought may leave a fence open.
 */
import { closingAt, codeEnd, matchAt, nextMark } from './output.ts';

const OPEN = /<(think|thinking|seed:think)>/iy;
const CLOSE = /<\/(?:think|thinking|seed:think)>/iy;
const CLOSE_ON_ITS_LINE = /^[ \t]*<\/(?:think|thinking|seed:think)>[ \t]*$/im;
const ANY = /<\/?(?:think|thinking|seed:think)>/i;

export interface Spoken {
  readonly text: string;
  /** What came first was a thought that nothing had announced. */
  readonly isOrphan: boolean;
}

export function withoutThoughts(text: string): Spoken {
  if (!ANY.test(text)) return { text, isOrphan: false };
  let kept = '';
  let isOrphan = false;
  let hasOpened = false;
  let plainFrom = 0;
  for (let at = 0; at < text.length; ) {
    const code = codeEnd(text, at);
    const hidden = code === null || hasOpened ? null : CLOSE_ON_ITS_LINE.exec(text.slice(at, code));
    if (code !== null && !hidden) {
      at = code;
      continue;
    }
    const closed = hidden ? at + hidden.index + hidden[0].length : endOf(CLOSE, text, at);
    const opened = matchAt(OPEN, text, at);
    if (closed !== null) {
      isOrphan ||= !hasOpened;
      // Behind a thought that was closed, a second closing tag closes nothing.
      kept = hasOpened ? kept + text.slice(plainFrom, at) : '';
      at = closed;
      plainFrom = at;
    } else if (opened) {
      kept += text.slice(plainFrom, at);
      hasOpened = true;
      const close = `</${opened[1]}>`;
      const bodyTo = closingAt(text, at + opened[0].length, close);
      at = Math.min(text.length, bodyTo + close.length);
      plainFrom = at;
    } else at = nextMark(text, at);
  }
  return { text: (kept + text.slice(plainFrom)).trim(), isOrphan };
}

function endOf(pattern: RegExp, text: string, at: number): number | null {
  const found = matchAt(pattern, text, at);
  return found ? at + found[0].length : null;
}
