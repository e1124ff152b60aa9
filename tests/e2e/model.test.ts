/**
 * The way to the model out of a real sandbox: what runs inside reaches the model of its agent and nothing else, the key
 * is nowhere but in the egress process and at the endpoint, and a choice holds from the next turn on.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../../packages/host/test/until.ts';
import { type House, houseFor } from './house/house.ts';
import { bwrapMissing } from './house/machine.ts';
import { openModelEndpoint } from './house/model-endpoint.ts';

const CANARY = 'canary-key-0123456789';
/** Of the environment, and so of Anthropic alone. */
const OTHER_CANARY = 'canary-env-0123456789';
const options = { skip: bwrapMissing };

/** What a shell in the sandbox runs: the relay that the runner starts, and a client of it. */
function inside(...requests: readonly string[]): string {
  const script = `
const net = require('node:net');
const relay = net.createServer((c) => { const s = net.connect('/run/bellhop/egress.sock'); c.pipe(s).pipe(c);
  s.on('error', () => c.destroy()); c.on('error', () => s.destroy()); });
relay.listen(0, '127.0.0.1', async () => {
  const at = 'http://127.0.0.1:' + relay.address().port;
  const say = async (what) => console.log(await what.then(async (r) => r.status + ' ' + await r.text(), (e) => 'failed ' + (e.cause?.code ?? e.code)));
  const post = (path) => fetch(at + path, { method: 'POST', body: '{}', headers: { 'x-api-key': 'bellhop-placeholder' } });
  ${requests.map((one) => `await say(${one});`).join('\n  ')}
  process.exit(0);
});`.replaceAll('\n', ' ');
  return `run /bellhop/node -e "${script.replaceAll('"', '\\"')}"`;
}

const CALL = "post('/model/v1/messages')";

async function connect(house: House, url: string, name: string): Promise<void> {
  const set = await house.bellhop(
    ['model', 'set', 'anthropic', name, '--base-url', url, '--key-stdin'],
    `${CANARY}\n`,
  );
  assert.equal(set.code, 0, set.stderr);
  assert.match(set.stdout, /key +stored, encrypted/);
}

test('a sandbox reaches its model, with a key that it never sees, and nothing else', options, async (t) => {
  const house = houseFor(t);
  const model = await openModelEndpoint('first');
  t.after(() => model.close());
  const secret = await openModelEndpoint('secret');
  t.after(() => secret.close());
  await house.up({ env: { BELLHOP_HARNESS: 'demo', ANTHROPIC_API_KEY: OTHER_CANARY } });
  await connect(house, model.url, 'first');
  const asked = await house.ask(
    inside(CALL, "post('/model/v1/files')", `fetch('${secret.url}')`, "fetch('http://1.1.1.1')", "post('/')"),
    'main',
  );
  const [answer, path, direct, far, root] = asked.reply
    .split('\n')
    .filter((line) => /^(\d|failed)/.test(line));
  assert.match(answer ?? '', /^200 .*I am first/);
  assert.match(path ?? '', /^404 .*not_allowed/);
  assert.match(direct ?? '', /^failed/);
  assert.match(far ?? '', /^403 .*not_allowed/);
  assert.match(root ?? '', /^404 /);
  assert.equal(secret.asked.length, 0);
  assert.deepEqual(
    model.asked.map((one) => [one.url, one.headers['x-api-key']]),
    [['/v1/messages', CANARY]],
  );

  const processes = house.sandboxes();
  assert.ok(processes.length > 0);
  for (const { pid } of processes) {
    for (const file of ['environ', 'cmdline'])
      assert.doesNotMatch(readFileSync(`/proc/${pid}/${file}`, 'utf8'), /canary-/);
  }
  const usage = JSON.parse((await house.bellhop(['usage', '--by', 'model', '--json'])).stdout);
  const { chargedMicros, ...used } = usage.rows[0];
  // Its price is not known: it counts with the most it can have cost, 128,000 tokens out at $75 a million and its bytes in.
  assert.ok(chargedMicros > 9_600_000 && chargedMicros < 9_700_000, chargedMicros);
  assert.deepEqual(used, {
    key: 'first',
    label: 'first',
    calls: 1,
    inputTokens: 12,
    outputTokens: 3,
    cachedTokens: 0,
    costMicros: 0,
    unpriced: 1,
  });
  assert.match(
    (await house.bellhop(['usage'])).stdout,
    /bell +1 +12 +0 +3 +\? +\$9\.60\nCalls without a known price, not in the cost: 1\./,
  );
  await house.host.stop();
  const all = readdirSync(house.data, { recursive: true }).map((name) => join(house.data, String(name)));
  const files = all.filter((path) => statSync(path).isFile() && !path.endsWith('/node'));
  assert.ok(files.length > 8);
  assert.deepEqual(
    files.filter((path) => readFileSync(path).includes('canary-')),
    [],
  );
  assert.doesNotMatch(house.host.stdout + house.host.stderr + JSON.stringify(asked), /canary-/);
});

test('another model is used from the next turn on, without a restart', options, async (t) => {
  const house = houseFor(t);
  const [first, second] = [await openModelEndpoint('first'), await openModelEndpoint('second')];
  t.after(() => first.close());
  t.after(() => second.close());
  const host = await house.up({ env: { BELLHOP_HARNESS: 'demo' } });
  await connect(house, first.url, 'first');
  assert.match((await house.ask(inside(CALL), 'main')).reply, /I am first/);
  await connect(house, second.url, 'second');
  assert.match((await house.ask(inside(CALL), 'main')).reply, /I am second/);
  assert.equal(host.ended, false);
  const tested = await house.bellhop(['model', 'test']);
  assert.match(tested.stdout, /^anthropic second answered in \d+ ms, 12 tokens in, 3 out: I am second\n$/);
  const back = await house.bellhop(['model', 'set', 'auto']);
  assert.match(back.stdout, /none: the demo answers/);
});

test(
  'with the egress process killed nothing gets out; it returns, and so does the way',
  options,
  async (t) => {
    const house = houseFor(t);
    const model = await openModelEndpoint('first');
    t.after(() => model.close());
    await house.up({ env: { BELLHOP_HARNESS: 'demo' } });
    await connect(house, model.url, 'first');
    assert.match((await house.ask(inside(CALL), 'main')).reply, /I am first/);
    const before = egressOf(house);
    process.kill(before, 'SIGKILL');
    await until('another has taken its place', () => ![0, before].includes(egressOf(house)));
    await until('the same sandbox reaches its model again', async () =>
      (await house.ask(inside(CALL), 'main')).reply.includes('I am first'),
    );
    const last = egressOf(house);
    await house.host.kill();
    await until('it went with its host', () => egressOf(house) === 0 && !isAlive(last));
  },
);

test(
  'with no key at all nothing is asked for: the demo answers, and says how to connect a model',
  options,
  async (t) => {
    const house = houseFor(t);
    await house.up();
    const shown = await house.bellhop(['model']);
    assert.match(
      shown.stdout,
      /model +none: the demo answers\nbecause +nothing was found; connect one: .\/bellhop model set/,
    );
    assert.match((await house.ask(inside(CALL), 'main')).reply, /401 .*no_key.*bellhop model set/);
    const tested = await house.bellhop(['model', 'test']);
    assert.equal(tested.code, 1);
    assert.match(tested.stderr, /no model is connected\n {2}As in: .\/bellhop model set/);
  },
);

function egressOf(house: House): number {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8');
      if (words.includes(`egress/main.ts\u0000{"dataDir":"${house.data}"`)) return Number(name);
    } catch {
      // It ended while we looked.
    }
  }
  return 0;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
