/**
 * Markdown to HTML that is safe to put into the page, whoever wrote it.
 *
 * Two walls: raw HTML in the Markdown is shown as text, never passed on; and what is made of the rest goes through
 * DOMPurify with a short list of tags. Nothing is loaded from elsewhere: an image becomes a link. Links open in a tab
 * that knows nothing of this one.
 */
import DOMPurify from 'dompurify';
import { Marked } from 'marked';

const SAFE_LINK = /^(https?:|mailto:)/i;
const LANGUAGE = /^[\w+#.-]{1,30}/;

const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    html: ({ text }) => escaped(text),
    image: ({ href, text }) => link(href, escaped(text || href)),
    link({ href, tokens }) {
      return link(href, this.parser.parseInline(tokens));
    },
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
    code: ({ text, lang }) => {
      const language = LANGUAGE.exec(lang ?? '')?.[0] ?? 'text';
      const head = `<div class="code-head"><span>${escaped(language)}</span><button type="button" class="code-copy">Copy</button></div>`;
      return `<div class="code">${head}<pre tabindex="0"><code>${escaped(text)}</code></pre></div>`;
    },
    table({ header, rows }) {
      const row = (cells: typeof header, tag: string): string =>
        `<tr>${cells.map((c) => `<${tag}${c.align ? ` align="${c.align}"` : ''}>${this.parser.parseInline(c.tokens)}</${tag}>`).join('')}</tr>`;
      const body = rows.map((cells) => row(cells, 'td')).join('');
      return `<div class="table" tabindex="0"><table><thead>${row(header, 'th')}</thead><tbody>${body}</tbody></table></div>`;
    },
  },
});

const TAGS =
  'a b blockquote br button code del div em h1 h2 h3 h4 h5 h6 hr i li ol p pre span strong table tbody td th thead tr ul';

export function render(text: string): string {
  return DOMPurify.sanitize(marked.parse(text, { async: false }), {
    ALLOWED_TAGS: TAGS.split(' '),
    ALLOWED_ATTR: ['align', 'class', 'href', 'rel', 'start', 'tabindex', 'target', 'type'],
    ALLOWED_URI_REGEXP: SAFE_LINK,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    // Not on its list of attributes that are safe without looking like an address.
    ADD_URI_SAFE_ATTR: ['target', 'rel'],
  });
}

function link(href: string, inner: string): string {
  if (!SAFE_LINK.test(href)) return inner;
  return `<a href="${escaped(href)}" target="_blank" rel="noopener noreferrer">${inner}</a>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
