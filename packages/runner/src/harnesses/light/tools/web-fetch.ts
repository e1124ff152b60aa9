/** A page or file of the web, as text. Where an agent may go is decided outside its sandbox (proxy.ts). */
import { z } from 'zod';
import { headOf } from '../text.ts';
import { htmlToText } from './html.ts';
import { getThroughProxy, type Reply } from './proxy.ts';
import { defineTool } from './tool.ts';

const SECONDS = 30;
const MAX_REDIRECTS = 5;
const MAX_SHOWN = 50_000;

export const webFetch = defineTool({
  name: 'web_fetch',
  description: 'Fetches a page or text file by its address. A page comes as plain text with its links.',
  input: z.object({ url: z.url({ protocol: /^https?$/ }).max(4_000) }),
  detail: (input) => input.url,
  timeoutMs: () => SECONDS * 1_000,
  async run({ url }, { place, tools }) {
    const signal = AbortSignal.any([tools.signal, AbortSignal.timeout(SECONDS * 1_000)]);
    let at = new URL(url);
    for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
      const reply = await getThroughProxy(place.env, at, signal);
      const next = reply.status >= 300 && reply.status < 400 ? reply.location : null;
      if (next === null) return describe(at, reply);
      at = new URL(next, at);
      if (!/^https?:$/.test(at.protocol)) throw new Error(`it leads to ${at.protocol}, which is not fetched`);
    }
    throw new Error(`it leads on and on (${MAX_REDIRECTS} times)`);
  },
});

function describe(url: URL, reply: Reply): string {
  const { status, type, body, isWhole } = reply;
  const isText = type === '' || /^text\/|json|xml|javascript|yaml/.test(type);
  if (!isText) return `[${url}: status ${status}, ${type}, no text: fetch it with curl in bash]`;
  const text = type.includes('html') ? htmlToText(body) : body;
  const cut = isWhole ? '' : '\n[the rest was not fetched: it is too long]';
  return `[${url}: status ${status}]\n${headOf(text, MAX_SHOWN)}${cut}`;
}
