/**
 * What the agent wrote, in pieces (nanoclaw-formats C.2): `<message to="name">…</message>` goes to that name,
 * `<internal>…</internal>` to nobody, the rest is its scratchpad, or its answer when it wrote no block.
 *
 * A tokenizer, not a pattern (L9): tags inside code (fences, `spans`) are text, an attribute may stand in either kind of
 * quotes and beside others, a body may show code that holds `</message>`. What is never closed runs to the end: for
 * `<internal>` too, so that a thought does not become an answer.
 */

export type Segment =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'message'; readonly to: string; readonly text: string };

export interface Output {
  readonly blocks: readonly { readonly to: string; readonly body: string }[];
  readonly rest: string;
}

const OPEN_MESSAGE = /<message((?:\s+[\w-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*>/y;
const TO_ATTRIBUTE = /\sto\s*=\s*(?:"([^"]*)"|'([^']*)')/;
const OPEN_INTERNAL = /<internal>/y;
const FENCE = /[ ]{0,3}(`{3,}|~{3,})[^\n]*(?:\n|$)/y;
const SPAN = /`+/y;
const MARK = /[<`\n]/g;
const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};

export function parseOutput(text: string): Output {
  const parts = segments(text);
  const blocks = parts.flatMap((part) =>
    part.kind === 'message' && part.text.trim() !== '' ? [{ to: part.to, body: part.text.trim() }] : [],
  );
  const rest = parts.map((part) => (part.kind === 'text' ? part.text : '')).join('');
  return { blocks, rest: rest.trim() };
}

export function segments(text: string): Segment[] {
  const found: Segment[] = [];
  let plainFrom = 0;
  const plainTo = (end: number): void => {
    if (end > plainFrom) found.push({ kind: 'text', text: text.slice(plainFrom, end) });
  };
  for (let at = 0; at < text.length; ) {
    const code = codeEnd(text, at);
    if (code !== null) {
      at = code;
      continue;
    }
    const internal = matchAt(OPEN_INTERNAL, text, at);
    const message = internal ? null : matchAt(OPEN_MESSAGE, text, at);
    const to = message ? TO_ATTRIBUTE.exec(message[1] ?? '') : null;
    const open = internal ?? (to ? message : null);
    if (!open) {
      at = nextMark(text, at);
      continue;
    }
    plainTo(at);
    const close = internal ? '</internal>' : '</message>';
    const bodyFrom = at + open[0].length;
    const bodyTo = closingAt(text, bodyFrom, close);
    if (to) {
      const name = (to[1] ?? to[2] ?? '').replace(/&(?:amp|lt|gt|quot|#39);/g, (e) => ENTITIES[e] ?? e);
      found.push({ kind: 'message', to: name.trim(), text: withoutInternal(text.slice(bodyFrom, bodyTo)) });
    }
    at = Math.min(text.length, bodyTo + close.length);
    plainFrom = at;
  }
  plainTo(text.length);
  return found;
}

function withoutInternal(body: string): string {
  if (!body.includes('<internal>')) return body;
  return segments(body)
    .map((part) => (part.kind === 'text' ? part.text : `<message to="${part.to}">${part.text}</message>`))
    .join('');
}

/** The next place behind `at` where a tag or code can begin. Live text is read again with each of its words. */
export function nextMark(text: string, at: number): number {
  if (text[at] === '\n') return at + 1;
  MARK.lastIndex = at + 1;
  return MARK.exec(text)?.index ?? text.length;
}

/** Where the body ends: at a closing tag outside of code; else at any; else with the text. */
export function closingAt(text: string, from: number, close: string): number {
  for (let at = from; at < text.length; ) {
    const code = codeEnd(text, at);
    if (code !== null) at = code;
    else if (text.startsWith(close, at)) return at;
    else at = nextMark(text, at);
  }
  const any = text.indexOf(close, from);
  return any < 0 ? text.length : any;
}

/** The end of the code that begins at `at`; null when none does, or when it is never closed. */
export function codeEnd(text: string, at: number): number | null {
  const char = text[at];
  if (char !== '`' && char !== '~' && char !== ' ') return null;
  const lineStart = at === 0 || text[at - 1] === '\n';
  const fence = lineStart ? matchAt(FENCE, text, at) : null;
  if (fence) {
    const mark = fence[1] ?? '';
    const closing = new RegExp(`^ {0,3}${mark[0]}{${mark.length},}[ \\t]*$`, 'gm');
    closing.lastIndex = at + fence[0].length;
    const end = closing.exec(text);
    return end ? end.index + end[0].length : null;
  }
  const span = char === '`' ? matchAt(SPAN, text, at) : null;
  if (!span) return null;
  const [ticks] = span;
  // A span stays within its paragraph, and its ticks are as many at both ends.
  const after = at + ticks.length;
  const paragraph = text.indexOf('\n\n', after);
  const within = text.slice(after, paragraph < 0 ? text.length : paragraph);
  const end = new RegExp(`(?<!\`)${ticks}(?!\`)`).exec(within);
  return end ? after + end.index + ticks.length : after;
}

export function matchAt(sticky: RegExp, text: string, at: number): RegExpExecArray | null {
  sticky.lastIndex = at;
  return sticky.exec(text);
}
