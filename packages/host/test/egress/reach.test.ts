/** A provider that is told to go elsewhere for an agent: refused, whatever it is called. What an agent does itself passes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BodyFormat } from '../../src/egress/providers.ts';
import { reachesOut, searchesByName } from '../../src/egress/usage/reach.ts';
import { keyed, openUpstream, post, startEgress } from './world.ts';

const URL_ = 'https://evil.example/?d=secret';
const picture = 'data:image/png;base64,AAAA';

/** What goes out to a provider on an ordinary day. */
const PASS: readonly (readonly [string, BodyFormat, object])[] = [
  ['words', 'messages', { model: 'm', messages: [{ role: 'user', content: `read ${URL_}` }] }],
  [
    'functions',
    'messages',
    { tools: [{ name: 'bash', input_schema: { properties: { url: { type: 'string' } } } }] },
  ],
  [
    'functions with a type',
    'messages',
    {
      tools: [
        { type: 'custom', name: 'x' },
        { type: 'bash_20250124', name: 'bash' },
      ],
    },
  ],
  [
    'a call of a function, and its result',
    'messages',
    {
      messages: [
        { content: [{ type: 'tool_use', input: { type: 'url', url: URL_, file_url: URL_ } }] },
        { content: [{ type: 'tool_result', content: [{ type: 'text', text: URL_ }] }] },
      ],
    },
  ],
  [
    'a picture in the call',
    'messages',
    { messages: [{ content: [{ type: 'image', source: { type: 'base64', data: 'AA' } }] }] },
  ],
  [
    'functions',
    'chat',
    { tools: [{ type: 'function', function: { name: 'x', parameters: { type: 'object' } } }] },
  ],
  [
    'a picture in the call',
    'chat',
    { messages: [{ content: [{ type: 'image_url', image_url: { url: picture } }] }] },
  ],
  [
    'a call of a function',
    'chat',
    { messages: [{ tool_calls: [{ function: { arguments: `{"url":"${URL_}"}` } }] }] },
  ],
  [
    'functions and a picture',
    'responses',
    { tools: [{ type: 'function' }], input: [{ content: [{ type: 'input_image', image_url: picture }] }] },
  ],
  [
    'functions, a call and a result',
    'gemini',
    {
      tools: [{ functionDeclarations: [{ name: 'x' }] }],
      contents: [
        {
          parts: [
            { functionCall: { args: { url: URL_ } } },
            { functionResponse: { response: { fileData: 1 } } },
          ],
        },
      ],
    },
  ],
  [
    'a picture in the call',
    'gemini',
    { contents: [{ parts: [{ inlineData: { mimeType: 'image/png', data: 'AA' } }] }] },
  ],
  [
    'a file in the call',
    'chat',
    { messages: [{ content: [{ file: { file_data: 'data:a/b;base64,AA' } }] }] },
  ],
  [
    'where an earlier answer came from',
    'responses',
    { input: [{ content: [{ annotations: [{ type: 'url_citation', url: URL_ }] }] }] },
  ],
];

/** Each is a way out past the rules, or a fee that nobody counts. */
const ATTACKS: readonly (readonly [string, BodyFormat, object])[] = [
  ['a search by the provider', 'messages', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }],
  ['a fetch by the provider', 'messages', { tools: [{ type: 'web_fetch_20250910', name: 'web_fetch' }] }],
  ['code that the provider runs', 'messages', { tools: [{ type: 'code_execution_20250825' }] }],
  ['a tool of tomorrow', 'messages', { tools: [{ type: 'teleport_20300101' }] }],
  [
    'one beside many harmless ones',
    'messages',
    { tools: [{ name: 'bash' }, { type: 'web_search_20250305' }] },
  ],
  ['tools that are no list', 'messages', { tools: { type: 'web_search_20250305' } }],
  ['a server that the provider connects to', 'messages', { mcp_servers: [{ url: URL_ }] }],
  [
    'a picture by its address',
    'messages',
    { messages: [{ content: [{ type: 'image', source: { type: 'url', url: URL_ } }] }] },
  ],
  [
    'the same within a result',
    'messages',
    {
      messages: [
        {
          content: [
            { type: 'tool_result', content: [{ type: 'document', source: { type: 'url', url: URL_ } }] },
          ],
        },
      ],
    },
  ],
  ['a search by the provider', 'chat', { web_search_options: {} }],
  ['a search by a gateway', 'chat', { plugins: [{ id: 'web' }] }],
  [
    'a picture by its address',
    'chat',
    { messages: [{ content: [{ type: 'image_url', image_url: { url: URL_ } }] }] },
  ],
  ['the same, shorter', 'chat', { messages: [{ content: [{ type: 'image_url', image_url: URL_ }] }] }],
  ['a film by its address', 'chat', { messages: [{ content: [{ video_url: { url: URL_ } }] }] }],
  [
    'a file by its address, for the file',
    'chat',
    { messages: [{ content: [{ file: { file_data: URL_ } }] }] },
  ],
  ['another model when the first is away', 'chat', { models: ['cheap', 'dear:online'] }],
  ['what is kept at the gateway', 'chat', { preset: 'mine' }],
  ['a name in other letters', 'chat', { Tools: [{ type: 'web_search' }] }],
  ['what is kept at the provider', 'messages', { container: { skills: [{ skill_id: 'x' }] } }],
  [
    'a conversation that says it is a call of a function',
    'responses',
    { type: 'tool_use', input: [{ content: [{ type: 'input_image', image_url: URL_ }] }] },
  ],
  ['what is kept at the provider', 'gemini', { cachedContent: 'cachedContents/1' }],
  ['a search by the provider', 'responses', { tools: [{ type: 'web_search_preview' }] }],
  ['a server that the provider connects to', 'responses', { tools: [{ type: 'mcp', server_url: URL_ }] }],
  ['a prompt that is kept there, with its tools', 'responses', { prompt: { id: 'pmpt_1' } }],
  ['a file by its address', 'responses', { input: [{ content: [{ type: 'input_file', file_url: URL_ }] }] }],
  [
    'a picture by its address',
    'responses',
    { input: [{ content: [{ type: 'input_image', image_url: URL_ }] }] },
  ],
  ['a search by the provider', 'gemini', { tools: [{ googleSearch: {} }] }],
  ['one beside functions', 'gemini', { tools: [{ functionDeclarations: [], urlContext: {} }] }],
  ['a film by its address', 'gemini', { contents: [{ parts: [{ fileData: { fileUri: URL_ } }] }] }],
  [
    'the same, in the other spelling',
    'gemini',
    { contents: [{ parts: [{ file_data: { file_uri: URL_ } }] }] },
  ],
];

describe('what an agent does itself passes', () => {
  for (const [what, format, body] of PASS)
    test(`${format}: ${what}`, () => assert.equal(reachesOut(format, body as never), false));
});

describe('attack: the provider is sent on an errand', () => {
  for (const [what, format, body] of ATTACKS)
    test(`${format}: ${what}`, () => assert.equal(reachesOut(format, body as never), true));
});

test('attack: a model that searches by its nature is known by its name; others are not', () => {
  for (const name of [
    'gpt-4o-search-preview',
    'openai/gpt-5:online',
    'perplexity/sonar-pro',
    'o3-deep-research',
  ])
    assert.ok(searchesByName(name), name);
  for (const name of ['gpt-5-mini', 'claude-sonnet-4-5', 'research-llama', 'onlinellm'])
    assert.ok(!searchesByName(name), name);
});

test('attack: a provider that searches for the agent: the call is refused in words, and never goes out', async (t) => {
  const [upstream, world] = [await openUpstream(t), await startEgress(t)];
  const socket = await world.door('s', await keyed(world, upstream));
  const tools = [{ type: 'web_search_20250305', name: 'web_search' }];
  const body = JSON.stringify({ model: 'm-1', max_tokens: 1, tools });
  const { status, headers, body: said } = await post(socket, '/model/v1/messages', body);
  assert.deepEqual([status, headers['x-bellhop-error'], upstream.seen.length], [403, 'not_allowed', 0]);
  assert.match(said, /make the provider search, fetch, connect/);
});
