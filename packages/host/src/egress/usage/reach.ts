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
/** Fields of the call itself by which it searches, connects, falls back to another model, or takes up what is kept there. */
const FIELDS: Readonly<Record<BodyFormat, readonly string[]>> = {
  messages: ['mcp_servers', 'container', 'plugins', 'models'],
  chat: ['web_search_options', 'search_parameters', 'plugins', 'models', 'preset'],
  responses: ['prompt', 'plugins', 'models', 'preset'],
  gemini: ['cachedContent', 'cached_content'],
};
/** What a client's own function is given or gives back, and where an earlier answer came from: nobody goes there. */
const OWN_WORDS = ['arguments', 'args', 'response', 'parameters', 'input_schema', 'annotations', 'citations'];
const ADDRESS = /(^|_)ur[li]$|(file|image|video|audio)ur[li]$/i;
/** Models that search by their nature, and a name of OpenRouter's that adds a search to any. */
const SEARCHING = /(^|[-/:.])(search|online|sonar|deep-research)([-/:.]|$)/i;

/** A model that its owner has not chosen must not be one of these. */
export function searchesByName(model: string): boolean {
  return SEARCHING.test(model);
}

export function reachesOut(format: BodyFormat, asked: Json): boolean {
  const names = ['tools', ...FIELDS[format]];
  // Some readers do not tell capitals apart.
  const isMasked = (name: string) =>
    !names.includes(name) && names.some((one) => one.toLowerCase() === name.toLowerCase());
  if (Object.keys(asked).some(isMasked)) return true;
  if (FIELDS[format].some((name) => isThere(asked[name]))) return true;
  if (listOf(asked.tools).some((tool) => !isOwn(format, tool))) return true;
  const { tools: _, type: __, ...content } = asked;
  return loadsFromElsewhere(format, content);
}

function isOwn(format: BodyFormat, tool: unknown): boolean {
  if (typeof tool !== 'object' || tool === null) return false;
  if (format === 'gemini') return Object.keys(tool).every((name) => OWN_NAMES.includes(name));
  return OWN_TOOLS[format].test(String((tool as Json).type));
}

/** A part of the conversation that is an address and not what lies there. */
function loadsFromElsewhere(format: BodyFormat, content: Json): boolean {
  const left: Json[] = [content];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const isCall = format === 'messages' && next.type === 'tool_use';
    if (next.type === 'url') return true;
    for (const [name, inner] of Object.entries(next)) {
      if (OWN_WORDS.includes(name) || (isCall && name === 'input')) continue;
      if (isAddress(name, inner)) return true;
      if (typeof inner === 'object' && inner !== null) left.push(inner as Json);
    }
  }
  return false;
}

function isAddress(name: string, value: unknown): boolean {
  // OpenAI's is the file itself, as text; Gemini's says where it lies.
  if (/^file_?data$/i.test(name))
    return typeof value !== 'string' || /^(?!data:)[a-z][a-z0-9+.-]*:/i.test(value.trim());
  return ADDRESS.test(name) && typeof value === 'string' && !value.startsWith('data:');
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** What is no list is something that we do not know, and it has one entry of no known kind. */
function listOf(value: unknown): readonly unknown[] {
  if (!isThere(value)) return [];
  return Array.isArray(value) ? value : [null];
}
