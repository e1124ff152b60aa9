/** The description against the routes, both ways, and against a real answer of each. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import * as v from 'valibot';
import type { AgentId } from '../../src/types.ts';
import { type ApiWorld, openApiWorld } from '../api/world.ts';
import { START_MS } from '../fake-clock.ts';
import { ANSWERS } from './answers.ts';
import { buildDocument } from './document.ts';
import { OPERATIONS } from './operations.ts';

const SECRET = 'correct horse battery';
const JSON_TYPE = 'application/json';

interface Sample {
  readonly path: string;
  readonly body?: object;
}

/** A request for each operation that succeeds in `lived`. */
const SAMPLES: Readonly<Record<string, (world: ApiWorld) => Sample>> = {
  'GET /': () => ({ path: '/' }),
  'GET /assets/:name': () => ({ path: '/assets/app-0123.js' }),
  'GET /plain.css': () => ({ path: '/plain.css' }),
  'GET /in/:token': ({ links }) => ({ path: `/in/${links.issue(1_000).token}` }),
  'POST /v1/sign-in': () => ({ path: '/v1/sign-in', body: { password: SECRET } }),
  'POST /v1/sign-out': () => ({ path: '/v1/sign-out' }),
  'GET /v1/openapi.json': () => ({ path: '/v1/openapi.json' }),
  'GET /v1/status': () => ({ path: '/v1/status' }),
  'GET /v1/conversations': () => ({ path: '/v1/conversations' }),
  'POST /v1/conversations/read': () => ({ path: '/v1/conversations/read', body: { thread: 'main', seq: 1 } }),
  'GET /v1/entries': () => ({ path: '/v1/entries' }),
  'GET /v1/events': () => ({ path: '/v1/events' }),
  'POST /v1/files': () => ({ path: '/v1/files?name=a.txt', body: {} }),
  'GET /v1/entry-file': () => ({ path: '/v1/entry-file?entry=1&index=0' }),
  'POST /v1/messages': () => ({ path: '/v1/messages', body: { id: 'm2', text: 'again' } }),
  'GET /v1/messages/:id': () => ({ path: '/v1/messages/m1' }),
  'POST /v1/messages/:id/retry': () => ({ path: '/v1/messages/m1/retry' }),
  'POST /v1/answers': () => ({ path: '/v1/answers', body: { id: 'a1', question: 'q1', option: 'yes' } }),
  'POST /v1/turns/stop': () => ({ path: '/v1/turns/stop', body: {} }),
  'GET /v1/model': () => ({ path: '/v1/model' }),
  'PUT /v1/model': () => ({ path: '/v1/model', body: { provider: 'anthropic', key: 'a-key' } }),
  'POST /v1/model/test': () => ({ path: '/v1/model/test', body: {} }),
  'GET /v1/hosts': () => ({ path: '/v1/hosts' }),
  'PUT /v1/hosts': () => ({ path: '/v1/hosts', body: { host: 'a.example', port: 8443 } }),
  'POST /v1/hosts/remove': () => ({ path: '/v1/hosts/remove', body: { host: 'a.example' } }),
  'GET /v1/approvals': () => ({ path: '/v1/approvals' }),
  'POST /v1/approvals/decide': ({ card }) => ({
    path: '/v1/approvals/decide',
    body: { ...card, decision: 'once' },
  }),
  'GET /v1/secrets': () => ({ path: '/v1/secrets' }),
  'PUT /v1/secrets': () => ({ path: '/v1/secrets', body: { name: 'github', value: 'a-secret-value' } }),
  'POST /v1/secrets/remove': () => ({ path: '/v1/secrets/remove', body: { name: 'github' } }),
  'POST /v1/secrets/grant': () => ({
    path: '/v1/secrets/grant',
    body: { secret: 'github', host: 'a.example', methods: ['GET'], path: '/v1/*', as: 'bearer' },
  }),
  'POST /v1/secrets/revoke': () => ({
    path: '/v1/secrets/revoke',
    body: { secret: 'github', host: 'a.example' },
  }),
  'POST /v1/secrets/rotate': () => ({ path: '/v1/secrets/rotate' }),
  'GET /v1/budgets': () => ({ path: '/v1/budgets' }),
  'PUT /v1/budgets': () => ({ path: '/v1/budgets', body: { period: 'day', capMicros: 5_000_000 } }),
  'POST /v1/budgets/answer': () => ({
    path: '/v1/budgets/answer',
    body: { stop: 'a0', addMicros: 1_000_000 },
  }),
  'GET /v1/models': () => ({ path: '/v1/models' }),
  'GET /v1/usage': () => ({ path: '/v1/usage' }),
  'GET /v1/dead-letters': () => ({ path: '/v1/dead-letters' }),
  'GET /v1/dead-letters/:message': () => ({ path: '/v1/dead-letters/d1' }),
  'POST /v1/dead-letters/:message/retry': () => ({ path: '/v1/dead-letters/d1/retry', body: {} }),
  'POST /v1/dead-letters/:message/discard': () => ({ path: '/v1/dead-letters/d1/discard', body: {} }),
  'GET /v1/why/:message': () => ({ path: '/v1/why/d1' }),
  'GET /v1/sessions': () => ({ path: '/v1/sessions' }),
  'POST /v1/sessions/:id/release': () => ({ path: '/v1/sessions/out/release', body: {} }),
  'GET /v1/packages': () => ({ path: '/v1/packages' }),
  'POST /v1/packages/add': () => ({ path: '/v1/packages/add', body: { apt: ['jq'] } }),
  'POST /v1/packages/remove': () => ({ path: '/v1/packages/remove', body: { apt: ['jq'] } }),
  'GET /v1/packages/log': () => ({ path: '/v1/packages/log' }),
  'GET /v1/skills': () => ({ path: '/v1/skills' }),
  'POST /v1/skills': () => ({ path: '/v1/skills', body: { skill: 'taxes', on: false } }),
  'POST /v1/stop': () => ({ path: '/v1/stop' }),
  'POST /v1/links': () => ({ path: '/v1/links' }),
  'POST /v1/password': () => ({ path: '/v1/password', body: { password: SECRET } }),
};

/** A conversation with one of everything. */
async function lived(t: TestContext): Promise<ApiWorld> {
  const world = await openApiWorld(t);
  const { own, post, web, store } = world;
  const { file } = (await own('/v1/files?name=a.txt', { method: 'POST', body: 'bytes' })).json as {
    file: string;
  };
  const sent = await post('/v1/messages', { id: 'm1', text: 'hello', files: [file] });
  const { session } = sent.json as { session: string };
  const options = [{ label: 'Yes', value: 'yes' }];
  const approval = {
    agent: 'bell',
    host: 'h.example',
    port: 443,
    sha256: 'a0',
    expiresAt: new Date(START_MS).toISOString(),
  };
  const contents = [
    { kind: 'text', text: 'an answer', files: [{ name: 'b', path: '/b', size: 1 }], notice: false },
    { kind: 'text', text: 'a notice', files: [], notice: true },
    { kind: 'edit', target: 'e0', text: 'edited' },
    { kind: 'reaction', target: 'm1', emoji: '+' },
    { kind: 'question', question: 'q1', title: 'Really?', text: 'Shall I?', options },
    { kind: 'question', question: 'q2', title: 'Bellhop asks', text: 'May bell?', options, approval },
  ] as const;
  for (const [n, content] of contents.entries())
    await web.log.append({ chat: 'local:bell', thread: 'main', id: `e${n}`, replyTo: 'm1', content });
  await store.transaction((sql) =>
    sql.run(
      "INSERT INTO questions (id, session_id, channel, chat, thread, options, state) VALUES ('q1', ?, 'web', 'local:bell', 'main', '[\"yes\"]', 'open')",
      session,
    ),
  );
  await store.transaction(async (sql) => {
    await sql.run(
      `INSERT INTO targets (session_id, message_id, channel, state, reason, ended_ms)
       VALUES (?, 'd1', 'web', 'failed', 'it died', 1)`,
      session,
    );
    await sql.run(
      `INSERT INTO sessions (id, agent_id, session_mode, session_key, channel, chat, thread, state, state_reason, created_ms)
       SELECT 'out', agent_id, session_mode, 'other', channel, chat, thread, 'quarantined', 'bad', created_ms
       FROM sessions WHERE id = ?`,
      session,
    );
  });
  await world.approvals.ask({ session, agent: 'bell', host: 'api.example.com', port: 443 });
  const [asked] = await world.approvals.list();
  Object.assign(world.card, { id: asked?.id, sha256: asked?.sha256 });
  const choice = { provider: 'anthropic', model: 'm', baseUrl: null } as const;
  await world.models.choose('bell' as AgentId, choice);
  return world;
}

test('the description is what the routes and schemas make of it', () => {
  const served = JSON.parse(readFileSync(new URL('../../src/api/openapi.json', import.meta.url), 'utf8'));
  const hint = 'run: node packages/host/test/openapi/write.ts, then biome check --write';
  assert.deepEqual(served, JSON.parse(JSON.stringify(buildDocument())), hint);
});

test('every route is described, and every description is a route', async (t) => {
  const { webApp, ownerApp } = await openApiWorld(t);
  const found = [...webApp.routes, ...ownerApp.routes].map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual([...new Set(found)].sort(), Object.keys(OPERATIONS).sort());
  assert.deepEqual(Object.keys(SAMPLES).sort(), Object.keys(OPERATIONS).sort());
  for (const { method, path, open } of webApp.routes)
    assert.equal(OPERATIONS[`${method} ${path}`]?.open, open, `${path}: who may ask`);
  const atPage = new Set(webApp.routes.map(({ method, path }) => `${method} ${path}`));
  for (const [key, { owner }] of Object.entries(OPERATIONS))
    assert.equal(!atPage.has(key), owner === true, key);
});

for (const [key, { answer, owner = false }] of Object.entries(OPERATIONS)) {
  test(`${key} answers as described`, async (t) => {
    const world = await lived(t);
    if (key === 'POST /v1/sign-in') await world.password.set(SECRET);
    const cookie = (await world.cookies.signIn()).split(';')[0] ?? '';
    const { path, body } = SAMPLES[key]?.(world) ?? { path: '' };
    const headers: Record<string, string> = owner ? {} : { cookie, origin: world.url.slice(0, -1) };
    const asked = {
      method: key.split(' ')[0] ?? '',
      owner,
      headers,
      ...(body && { body: JSON.stringify(body) }),
    };
    const [status, content] = answer;
    if (content === 'text/event-stream') {
      const { heard, response, hears } = await world.events('', { cookie });
      assert.deepEqual([response.statusCode, response.headers['content-type']], [status, content]);
      await hears('the last entry', (event) => event.type === 'entry' && event.seq === 7);
      assert.ok(heard.some((event) => event.type === 'receipt'));
      for (const event of heard) v.parse(ANSWERS.StreamEvent, event);
      return;
    }
    const got = await world.ask(path, asked);
    assert.equal(got.status, status, got.text);
    if (content === null) assert.equal(got.text, '');
    else if (content in ANSWERS) v.parse(ANSWERS[content as keyof typeof ANSWERS], got.json);
    else if (content === JSON_TYPE) assert.equal((got.json as { openapi: string }).openapi, '3.1.0');
    else
      assert.ok(content === 'application/octet-stream' || got.headers['content-type']?.startsWith(content));
  });
}
