/**
 * A page as text: words, headings, lists and links, without what only a browser needs. One pass over the text, so that
 * a page made to be slow is not.
 */

const SKIPPED: ReadonlySet<string> = new Set([
  'script',
  'style',
  'noscript',
  'template',
  'svg',
  'head',
  'iframe',
]);
const BLOCKS: ReadonlySet<string> = new Set([
  ...[
    'p',
    'div',
    'section',
    'article',
    'header',
    'footer',
    'main',
    'nav',
    'aside',
    'br',
    'hr',
    'ul',
    'ol',
    'li',
  ],
  ...[
    'table',
    'tr',
    'pre',
    'blockquote',
    'h1',
    'h2',
    'h3',
    'h4',
    'h5',
    'h6',
    'dl',
    'dt',
    'dd',
    'form',
    'figure',
  ],
]);
const NAMED: Readonly<Record<string, string>> = {
  ...{ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' },
  ...{ hellip: '…', mdash: '—', ndash: '–', copy: '©', euro: '€' },
};

export function htmlToText(html: string): string {
  const title = /<title[^>]{0,200}>([^<]{0,500})/i.exec(html)?.[1];
  const out: string[] = title === undefined ? [] : [decode(title).trim(), '\n\n'];
  let link: string | null = null;
  for (let at = 0; at < html.length; ) {
    const open = html.indexOf('<', at);
    out.push(decode(html.slice(at, open < 0 ? html.length : open)).replace(/\s+/g, ' '));
    if (open < 0) break;
    if (html.startsWith('<!--', open)) {
      at = after(html, '-->', open);
      continue;
    }
    const tag = /^<(\/?)([a-zA-Z][a-zA-Z0-9]*)/.exec(html.slice(open, open + 40));
    if (!tag && !/^<[!?/]/.test(html.slice(open, open + 2))) {
      out.push('<');
      at = open + 1;
      continue;
    }
    const close = after(html, '>', open);
    at = close;
    const name = tag?.[2]?.toLowerCase() ?? '';
    const isEnd = tag?.[1] === '/';
    if (!isEnd && SKIPPED.has(name)) at = after(html, '>', endTag(html, name, close));
    else if (name === 'a' && !isEnd) link = hrefOf(html.slice(open, close));
    else if (name === 'a' && link !== null) {
      out.push(` (${link})`);
      link = null;
    } else if (BLOCKS.has(name)) out.push(name === 'li' && !isEnd ? '\n- ' : heading(name, isEnd));
  }
  return (
    out
      .join('')
      // One run after the other: a pattern that begins with a run is tried at each of its places.
      .replace(/[ \t]+/g, ' ')
      .replace(/ ?\n ?/g, '\n')
      .replace(/\n{3,}/g, '\n\n')
      .trim()
  );
}

function heading(name: string, isEnd: boolean): string {
  const level = /^h([1-6])$/.exec(name)?.[1];
  return level === undefined || isEnd ? '\n' : `\n\n${'#'.repeat(Number(level))} `;
}

function after(html: string, mark: string, from: number): number {
  const at = html.indexOf(mark, from);
  return at < 0 ? html.length : at + mark.length;
}

function endTag(html: string, name: string, from: number): number {
  const pattern = new RegExp(`</${name}`, 'gi');
  pattern.lastIndex = from;
  return pattern.exec(html)?.index ?? html.length;
}

function hrefOf(tag: string): string | null {
  const href = /\shref\s*=\s*["']?(https?:[^"'\s>]{1,500})/i.exec(tag.slice(0, 2_000))?.[1];
  return href === undefined ? null : decode(href);
}

function decode(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));/gi, (whole, dec, hex, name) => {
    if (name !== undefined) return NAMED[name.toLowerCase()] ?? whole;
    const code = dec === undefined ? Number.parseInt(hex, 16) : Number(dec);
    // Half a character is none.
    return code <= 0x10ffff ? String.fromCodePoint(code).toWellFormed() : whole;
  });
}
