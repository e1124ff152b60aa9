/** The egress process's own life: doors that die with their generation, its death and return, its end with its host. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { EgressError } from '../../src/egress/port.ts';
import { readUsageOf, readUsageSums } from '../../src/egress/usage/report.ts';
import { SandboxUnavailable } from '../../src/sandboxes/port.ts';
import { tempFolder } from '../temp-folder.ts';
import { until } from '../until.ts';
import { CERT, KEY } from './loopback-tls.ts';
import { CANARY, gone, keyed, open, openUpstream, pidOf, post, startEgress } from './world.ts';

const PATH = '/model/v1/messages';

test('promise 13: a door closes with its generation, and what runs through it ends', async (t) => {
  const [upstream, world] = [await openUpstream(t), await startEgress(t)];
  const endpoint = await keyed(world, upstream);
  const socket = await world.door('s', endpoint);
  const other = await world.door('other', endpoint);
  const idle = connect(socket);
  await once(idle, 'connect');
  const answers = upstream.handle;
  upstream.handle = (_, response) => void response.writeHead(200).write('the first half');
  const running = await open(socket, PATH, '{}');
  const broken = assert.rejects(text(running), /aborted/);
  await world.close.get('s')?.();
  await until('both have ended', () => idle.closed && running.closed);
  await broken;
  upstream.handle = answers;
  await assert.rejects(post(socket, PATH, '{}'), /ENOENT/);
  assert.equal((await post(other, PATH, '{}')).status, 200);
});

test("attack: a late close of an old generation does not close the new one's door", async (t) => {
  const [upstream, world] = [await openUpstream(t), await startEgress(t)];
  const endpoint = await keyed(world, upstream);
  await world.door('s-1', endpoint, 1);
  const next = await world.door('s-2', endpoint, 2);
  await world.close.get('s-1')?.();
  assert.equal(await post(next, PATH, '{}').then(({ status }) => status, String), 200);
});

test("each session's door leads to its own model alone, and one without a model nowhere", async (t) => {
  const [one, two, world] = [await openUpstream(t), await openUpstream(t), await startEgress(t)];
  const first = await world.door('one', await keyed(world, one));
  const second = await world.door('two', await keyed(world, two, 'another-key-9876'));
  const none = await world.door('none', null);
  assert.equal((await post(first, PATH, '{}')).status, 200);
  assert.equal((await post(second, PATH, '{}')).status, 200);
  assert.deepEqual(
    [one.seen[0]?.headers['x-api-key'], two.seen[0]?.headers['x-api-key']],
    [CANARY, 'another-key-9876'],
  );
  const refused = await post(none, PATH, '{}');
  assert.deepEqual([refused.status, refused.headers['x-bellhop-error']], [401, 'no_key']);
});

test('promise 14: killed, it leaves no way out, and comes back with the doors that were open', async (t) => {
  const [upstream, world] = [await openUpstream(t), await startEgress(t)];
  const endpoint = await keyed(world, upstream);
  const socket = await world.door('s', endpoint);
  await world.door('closed', endpoint);
  await world.close.get('closed')?.();
  const pid = pidOf(world.dir);
  process.kill(pid, 'SIGKILL');
  await gone(pid);
  await assert.rejects(post(socket, PATH, '{}'), /ECONNREFUSED|ENOENT/);
  await until('it is back and the door is open', async () =>
    post(socket, PATH, '{}').then(
      ({ status }) => status === 200,
      () => false,
    ),
  );
  assert.notEqual(pidOf(world.dir), pid);
  assert.ok(!existsSync(join(world.dir, 'run', 'closed', 'egress.sock')));
  assert.match(world.logged.join('\n'), /egress process ended.*SIGKILL/);
});

test('promise 14: what cannot start opens no door: SandboxUnavailable, with what to do', async (t) => {
  const world = await startEgress(t, { BELLHOP_KEY: 'not a key' });
  const refused = (error: unknown) =>
    error instanceof SandboxUnavailable &&
    /not 64 hex/.test(error.message) &&
    /openssl rand/.test(error.hint);
  await assert.rejects(world.door('s', null), refused);
  await assert.rejects(world.door('s', null), refused);
});

test('a host that is killed takes it along', async (t) => {
  const dir = tempFolder(t);
  const host = spawn(process.execPath, [join(import.meta.dirname, 'killed-host.ts'), dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(host.stdout, 'data');
  const pid = pidOf(dir);
  assert.ok(pid > 0);
  host.kill('SIGKILL');
  await gone(pid);
});

test('stop is verified: the process is gone when it resolves, twice and before a start too', async (t) => {
  const world = await startEgress(t);
  await world.egress.look();
  const pid = pidOf(world.dir);
  await world.egress.stop();
  assert.equal(existsSync(`/proc/${pid}`), false);
  await world.egress.stop();
});

test('attack: an upstream with a certificate that nobody vouches for gets no key', async (t) => {
  const upstream = await openUpstream(t, (handle) => createServer({ cert: CERT, key: KEY }, handle), 'https');
  const careful = await startEgress(t);
  const refused = await post(await careful.door('s', await keyed(careful, upstream)), PATH, '{}');
  assert.equal(refused.headers['x-bellhop-error'], 'unreachable');
  assert.equal(upstream.seen.length, 0);
  const ca = join(careful.dir, 'ca.pem');
  writeFileSync(ca, CERT);
  const trusting = await startEgress(t, { NODE_EXTRA_CA_CERTS: ca });
  assert.equal(
    (await post(await trusting.door('s', await keyed(trusting, upstream)), PATH, '{}')).status,
    200,
  );
  assert.equal(upstream.seen[0]?.headers['x-api-key'], CANARY);
});

test('every call is on record, with its money, and a call that was refused here is none', async (t) => {
  const [upstream, world] = [await openUpstream(t), await startEgress(t)];
  const socket = await world.door('s', await keyed(world, upstream), 7);
  writeFileSync(
    join(world.dir, 'egress', 'prices.json'),
    '{"models": {"m-1": {"input": 10, "output": 100}}}',
  );
  await post(socket, PATH, '{}');
  await post(socket, '/model/v1/files', '{}');
  await until('it is told', () => world.calls.length === 1);
  const [call] = world.calls;
  assert.deepEqual(
    [call?.session, call?.agent, call?.generation, call?.provider, call?.model, call?.status],
    ['s', 'bell', 7, 'anthropic', 'm-1', 200],
  );
  assert.deepEqual([call?.inputTokens, call?.outputTokens, call?.costMicros], [3, 4, 430]);
  assert.ok(call?.firstByteMs !== null && (call?.totalMs ?? 0) >= (call?.firstByteMs ?? 0));
  assert.deepEqual(readUsageSums(join(world.dir, 'egress'), 'model'), [
    {
      key: 'm-1',
      calls: 1,
      inputTokens: 3,
      outputTokens: 4,
      cachedTokens: 0,
      costMicros: 430,
      chargedMicros: 430,
      unpriced: 0,
    },
  ]);
  assert.deepEqual(readUsageSums(world.dir, 'day'), []);
  assert.equal(readUsageOf(join(world.dir, 'egress'), 'agent', 'bell')?.inputTokens, 3);
  assert.equal(readUsageOf(join(world.dir, 'egress'), 'session', 'another'), null);
  await upstream.close();
  await post(socket, PATH, '{}');
  await until('the failed one is told', () => world.calls.length === 2);
  const [sum] = readUsageSums(join(world.dir, 'egress'), 'session');
  assert.deepEqual([sum?.key, sum?.calls, sum?.unpriced], ['s', 2, 0]);
});

test('a test is one real call; what goes wrong is said in words without the key', async (t) => {
  const [upstream, world] = [await openUpstream(t), await startEgress(t)];
  const endpoint = await keyed(world, upstream);
  upstream.handle = (_, response) =>
    void response.end('{"content": [{"type": "text", "text": "ready"}], "usage": {}}');
  assert.equal((await world.egress.test(endpoint, 'bell')).text, 'ready');
  assert.match(upstream.seen[0]?.body ?? '', /"model":"m-1"/);
  upstream.handle = (incoming, response) => {
    const message = `invalid x-api-key: ${incoming.headers['x-api-key']}`;
    response.writeHead(401).end(JSON.stringify({ error: { message } }));
  };
  await assert.rejects(world.egress.test(endpoint, 'bell'), (error) => {
    assert.ok(error instanceof EgressError);
    assert.equal(error.code, 'bad_key');
    assert.match(error.message, /the key was refused \(401\): invalid x-api-key: \*/);
    return !error.message.includes(CANARY);
  });
});

test("models are listed by the provider's own list, and without a key that is said", async (t) => {
  const [upstream, world] = [await openUpstream(t), await startEgress(t)];
  const endpoint = await keyed(world, upstream);
  upstream.handle = (_, response) =>
    void response.end('{"data": [{"id": "m-1"}, {"id": "m-2"}, {"id": 7}, null]}');
  assert.deepEqual(await world.egress.list(endpoint), ['m-1', 'm-2']);
  await assert.rejects(
    world.egress.list({ provider: 'openai', model: '', baseUrl: null }),
    /there is no key for OpenAI/,
  );
});

test('whoever waits until it has settled knows the Ollama and the keys, and is not held up by one that cannot start', async (t) => {
  const upstream = await openUpstream(t);
  upstream.handle = (_incoming, response) => response.end(JSON.stringify({ data: [{ id: 'llama' }] }));
  const env = { OLLAMA_HOST: upstream.url, OPENAI_API_KEY: CANARY };
  const { egress } = await startEgress(t, env);
  await egress.settled();
  assert.deepEqual([egress.known.ollama, egress.known.keys.map(({ name }) => name)], [['llama'], ['openai']]);
  await (await startEgress(t, { BELLHOP_KEY: 'no key' })).egress.settled();
});

test('an Ollama that answers is found where its own variable says; its models are known', async (t) => {
  const upstream = await openUpstream(t);
  upstream.handle = (_, response) => void response.end('{"data": [{"id": "llama"}]}');
  const world = await startEgress(t, { OLLAMA_HOST: new URL(upstream.url).host });
  assert.deepEqual((await world.egress.look()).ollama, ['llama']);
  const nobody = await startEgress(t);
  assert.equal((await nobody.egress.look()).ollama, null);
});

test('attack: the canary is in no file, no log and no argument; only the process itself has it', async (t) => {
  const upstream = await openUpstream(t);
  const world = await startEgress(t, { ANTHROPIC_API_KEY: CANARY });
  await post(await world.door('s', await keyed(world, upstream)), PATH, '{}');
  const files = readdirSync(world.dir, { recursive: true }).map((name) => join(world.dir, String(name)));
  const leaking = files.filter((path) => statSync(path).isFile() && readFileSync(path).includes(CANARY));
  assert.ok(files.length >= 5);
  assert.deepEqual(leaking, []);
  assert.doesNotMatch(world.logged.join('\n'), new RegExp(CANARY));
  assert.doesNotMatch(readFileSync(`/proc/${pidOf(world.dir)}/cmdline`, 'utf8'), new RegExp(CANARY));
});
