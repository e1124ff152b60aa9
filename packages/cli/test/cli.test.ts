import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMANDS } from '../src/commands.ts';
import { fakeHost, refuse } from './fake-host.ts';
import { run, testWorld } from './test-world.ts';

const help = async (...args: string[]) => (await run(args, testWorld())).out;

test('help lists every command in 80 columns, and each has a page', async () => {
  const list = await help('help');
  for (const name of [...COMMANDS.map((command) => command.name), 'help', 'version']) {
    assert.match(list, new RegExp(`^  ${name}\\b`, 'm'));
  }
  const pages = await Promise.all(COMMANDS.map(({ name }) => help('help', name)));
  for (const line of [list, ...pages].join('').split('\n')) assert.ok(line.length <= 80, line);
  assert.equal(await help(), list);
  assert.equal(await help('ask', '--help'), await help('help', 'ask'));
});

test('unknown commands and options are usage errors with a hint', async () => {
  for (const args of [
    ['frobnicate'],
    ['--frob'],
    ['status', '--frob'],
    ['status', 'extra'],
    ['help', 'nothing'],
  ]) {
    const { code, err, out } = await run(args, testWorld());
    assert.equal(code, 2, args.join(' '));
    assert.equal(out, '');
    assert.match(err, /^bellhop: .+\n {2}.*\.\/bellhop help/);
  }
});

test('version prints one line', async () => {
  assert.match(await help('version'), /^bellhop \d+\.\d+\.\d+\n$/);
});

test('status is aligned text, or the Status object with --json', async () => {
  await using host = await fakeHost();
  host.warning = 'agents run without a sandbox\u001b[2J';
  const retryAt = '2026-01-01T00:00:09.000Z';
  host.channels = [
    { name: 'terminal', state: 'up', reason: null, refusals: 0, retryAt: null },
    { name: 'telegram', state: 'refused', reason: 'bad\u001b token', refusals: 3, retryAt },
  ];
  const { out, code } = await run(['status'], testWorld({ data: host.data }));
  assert.equal(code, 0);
  assert.match(out, /^Bellhop 0\.1\.0 runs since \d{4}-\d\d-\d\d .* \(process 4321\)\n/);
  assert.match(out, /\n {2}agent {6}bell: demo, no model connected\n/);
  assert.match(out, /\n {2}messages {3}0 waiting, 1 at work, 0 failed\n/);
  assert.match(
    out,
    /\n {2}channel {4}telegram has not started, refused 3 times: bad␛ token; tried again at \d\d:/,
  );
  assert.ok(!out.includes('terminal'), 'what is up needs no row');
  assert.match(out, /\n {2}warning {4}agents run without a sandbox␛\[2J\n$/);
  const json = await run(['status', '--json'], testWorld({ data: host.data }));
  assert.deepEqual(JSON.parse(json.out), { ...host.status(), disk: [] });
});

test('--data goes before or after the command and wins over BELLHOP_DATA', async () => {
  await using host = await fakeHost();
  const elsewhere = { data: '/nonexistent' };
  assert.equal((await run(['--data', host.data, 'status'], testWorld(elsewhere))).code, 0);
  assert.equal((await run([`--data=${host.data}`, 'status'], testWorld(elsewhere))).code, 0);
  assert.equal((await run(['status', '--data', host.data], testWorld(elsewhere))).code, 0);
  assert.equal((await run(['status'], testWorld(elsewhere))).code, 3);
});

test('a host that runs but does not answer status is a failure, not a wait for ever', async () => {
  await using host = await fakeHost();
  const world = testWorld({ data: host.data });
  host.intercept = () => {
    world.clock.advance(10_000);
    return true;
  };
  const { code, err } = await run(['status'], world);
  assert.equal(code, 1);
  assert.match(err, /does not answer/);
});

test('stop says what it waits for and ends when nobody listens any more', async () => {
  await using host = await fakeHost();
  const outcome = await run(['stop'], testWorld({ data: host.data }));
  assert.equal(outcome.code, 0);
  assert.match(outcome.err, /Waiting for Bellhop \(process 4321\)/);
  assert.equal(outcome.out, 'Bellhop has stopped.\n');
  assert.equal((await run(['stop'], testWorld({ data: host.data }))).code, 3);
});

test('stop gives up after 30 s and says how to end it', async () => {
  await using host = await fakeHost();
  const world = testWorld({ data: host.data });
  let asked = 0;
  host.intercept = (request, response) => {
    if (request.url === '/v1/stop') {
      request.resume();
      response.writeHead(202).end('{}');
      return true;
    }
    asked += 1;
    if (asked === 5) world.clock.advance(30_000);
    if (asked > 1) refuse(response, 503, 'Stopping.', 'Wait.');
    return asked > 1;
  };
  const { code, err } = await run(['stop'], world);
  assert.equal(code, 1);
  assert.match(err, /not stopped within 30 s/);
  assert.match(err, /kill -9 4321/);
});

test('colour is an addition: on a terminal only, and NO_COLOR turns it off', async () => {
  const esc = '\u001b[';
  assert.ok((await run(['help'], testWorld({ tty: true }))).out.includes(esc));
  assert.ok(!(await run(['help'], testWorld({ tty: true, env: { NO_COLOR: '1' } }))).out.includes(esc));
  assert.ok(!(await run(['help'], testWorld())).out.includes(esc));
});
