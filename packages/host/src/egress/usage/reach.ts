/**
 * Does a call make its provider go somewhere, or do work that is paid by other measures than tokens? Pure.
 *
 * A model's endpoint is the one host that an agent reaches without being asked, and a provider can be told to reach all the
 * others for it: by tools that it runs itself (search, fetch, code, MCP), or by an address that it loads a picture or a
 * file from. That would be a way out past every rule, and its fees are in no table of prices. So a call is let out only
 * when each of its tools is run by whoever asked, and each picture comes with it. Closed by default: a kind of tool that is
 * not known here is one that the provider runs.
 */
import type { BodyFormat } from '../providers.ts';

type Json = Readonly<Record<string, unknown>>;

/** Tools that the client itself runs, by their `type`; `undefined` is a plain function of Anthropic's API. */
const OWN_TOOLS: Readonly<Record<Exclude<BodyFormat, 'gemini'>, RegExp>> = {
  messages: /^(undefined|custom|(bash|text_editor|computer|memory)_\d{8})$/,
  chat: /^(function|custom)$/,
  responses: /^(function|custom|local_shell|apply_patch)$/,
};
/** Of Gemini's tools: the names under which functions are declared. */
const OWN_NAMES: readonly string[] = ['functionDeclarations', 'function_declarations'];
/** Fields of the call itself that make a provider search, connect or take up tools that are kept there. */
const FIELDS: Readonly<Record<BodyFormat, readonly string[]>> = {
  messages: ['mcp_servers'],
  chat: ['web_search_options', 'plugins', 'search_parameters'],
  responses: ['prompt', 'plugins'],
  gemini: [],
};
/** What a client's own function is given or gives back: any words at all, and nobody goes there. */
const OWN_WORDS = ['arguments', 'args', 'response', 'parameters', 'input_schema'];
/** A name of OpenRouter's that adds a search to any model. */
const ONLINE = /:online$/i;

export function reachesOut(format: BodyFormat, asked: Json): boolean {
  if (FIELDS[format].some((name) => isThere(asked[name]))) return true;
  if (typeof asked.model === 'string' && ONLINE.test(asked.model)) return true;
  if (listOf(asked.tools).some((tool) => !isOwn(format, tool))) return true;
  const { tools: _, ...content } = asked;
  return loadsFromElsewhere(content);
}

function isOwn(format: BodyFormat, tool: unknown): boolean {
  if (typeof tool !== 'object' || tool === null) return false;
  if (format === 'gemini') return Object.keys(tool).every((name) => OWN_NAMES.includes(name));
  return OWN_TOOLS[format].test(String((tool as Json).type));
}

/** A part of the conversation that is an address and not what lies there. */
function loadsFromElsewhere(content: Json): boolean {
  const left: Json[] = [content];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (isAddress(next)) return true;
    const isCall = next.type === 'tool_use';
    for (const [name, inner] of Object.entries(next)) {
      if (
        typeof inner !== 'object' ||
        inner === null ||
        OWN_WORDS.includes(name) ||
        (isCall && name === 'input')
      )
        continue;
      left.push(inner as Json);
    }
  }
  return false;
}

function isAddress(part: Json): boolean {
  const { type, image_url, file_url, fileData, file_data } = part;
  if (type === 'url') return true;
  if (isThere(file_url)) return true;
  if (isThere(fileData) || typeof file_data === 'object') return file_data !== null;
  const image = typeof image_url === 'object' && image_url !== null ? (image_url as Json).url : image_url;
  return isThere(image) && !(typeof image === 'string' && image.startsWith('data:'));
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** What is no list is something that we do not know, and it has one entry of no known kind. */
function listOf(value: unknown): readonly unknown[] {
  if (!isThere(value)) return [];
  return Array.isArray(value) ? value : [null];
}
