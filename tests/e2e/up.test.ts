/**
 * `up` and the ways to end it, as a person types them: one ready line, one host per data folder, nothing left behind.
 *
 * Not here: starts that are refused (start-refused.test.ts), a host that is killed (host-killed.test.ts).
 */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { readTimeZone } from '../../packages/host/src/time-zone.ts';
import { until } from '../../packages/host/test/until.ts';
import { houseFor, sharedHouse } from './house/house.ts';
import { assertNothingIsLeft } from './house/left.ts';
import { bwrapMissing, LAUNCHER, launcherWouldInstall } from './house/machine.ts';
import { run } from './house/run.ts';
import { stillRun } from './house/sandboxes.ts';

const READY_LINE = /^Bellhop is ready in \d+\.\d s: http:\/\/127\.0\.0\.1:\d+\/in\/[\w-]{43}\n$/;

/** A port of this machine that somebody listens on for as long as the test runs. */
async function busyPort(t: TestContext): Promise<number> {
  const server = createServer();
  t.after(() => server.close());
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  assert.ok(typeof address === 'object' && address);
  return address.port;
}

describe('a host that is up', { skip: bwrapMissing }, () => {
  const house = sharedHouse();

  test('status --json says what runs, in the shape of the contract', async () => {
    await house.ask('help', 'status');
    const { code, stdout } = await house.program(['status', '--json']);
    assert.equal(code, 0);
    const { version, pid, url, startedAt, disk, ...rest } = JSON.parse(stdout);
    assert.match(version, /^\d+\.\d+\.\d+$/);
    assert.equal(pid, house.host.pid);
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
    assert.ok(Date.parse(startedAt) <= Date.now());
    assert.equal(disk.length, 1);
    assert.deepEqual(rest, {
      data: house.data,
      timeZone: readTimeZone(process.env).name,
      sandbox: { kind: 'bwrap', warning: null },
      agents: [{ name: 'bell', harness: 'demo', demo: true, model: null }],
      sessions: { total: 1, awake: 1, quarantined: 0 },
      messages: { waiting: 0, working: 0, failed: 0 },
      channels: ['terminal', 'web'].map((name) => ({
        ...{ name, state: 'up', reason: null, refusals: 0, retryAt: null },
      })),
      waitingFor: [],
      approvals: 0,
    });
  });

  test('its socket can be used by its owner alone', () => {
    assert.equal(statSync(join(house.data, 'bellhop.sock')).mode & 0o777, 0o600);
  });

  test('a second up on the same data says that one runs, and where, and ends with 3', async () => {
    const status = await house.api.status();
    const second = house.start();
    assert.deepEqual(await second.exited, { code: 3, signal: null });
    assert.equal(second.stdout, '');
    assert.ok(second.stderr.includes(`already runs on ${house.data}`), second.stderr);
    assert.ok(second.stderr.includes(status.body.url), second.stderr);
    assert.ok(second.stderr.includes(`process ${status.body.pid}`), second.stderr);
    assert.match(second.stderr, /\.\/bellhop stop/);
    assert.equal((await house.ask('help', 'still-there')).code, 0);
  });
});

describe('up', { skip: bwrapMissing }, () => {
  test('prints one line on stdout when it is ready, with a link that signs in to the page', async (t) => {
    const host = await houseFor(t).up();
    const link = await host.ready();
    const entered = await fetch(link, { redirect: 'manual' });
    assert.deepEqual([entered.status, entered.headers.get('location')], [303, '/']);
    const cookie = entered.headers.get('set-cookie')?.split(';')[0] ?? '';
    const page = await fetch(new URL('/', link), { headers: { cookie } });
    assert.equal(page.status, 200);
    assert.match(await page.text(), /Stand-in/);
    await host.stop();
    assert.match(host.stdout, READY_LINE);
  });

  test('on a busy port moves on to another and says so', async (t) => {
    const port = await busyPort(t);
    const host = await houseFor(t).up({ args: ['--port', String(port)] });
    const used = Number(new URL(await host.ready()).port);
    assert.notEqual(used, port);
    assert.match(host.stderr, new RegExp(`^Port ${port} is busy; using ${used}\\.$`, 'm'));
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`W11: ${signal} stops it with 0; no process, socket or runtime folder is left`, async (t) => {
      const house = houseFor(t);
      const host = await house.up();
      await Promise.all([house.ask('help', 'one'), house.ask('help', 'two')]);
      const awake = house.sandboxes();
      assert.ok(new Set(awake.map(({ mark }) => mark)).size === 2, 'two sandboxes should be awake');
      assert.deepEqual(await host.stop(signal), { code: 0, signal: null });
      assert.deepEqual(stillRun(awake), []);
      assertNothingIsLeft(house);
    });
  }

  test('W11, L19, D8: stopped in mid-turn with time enough, the turn ends, and its answer is out before the host is gone', async (t) => {
    const house = houseFor(t);
    house.writeSettings({ stopGraceMs: 60_000 });
    const host = await house.up();
    const events = await house.api.events('main');
    const { body } = await house.api.send({ id: 'm1', text: 'stream' });
    await events.until('the answer is being written', (event) => event.type === 'live');
    assert.deepEqual(await host.stop(), { code: 0, signal: null });
    assertNothingIsLeft(house);
    const [user, answer, ...more] = house.records.conversation('main').map((said) => said.kind);
    assert.deepEqual([user, answer, more], ['user', 'text', []]);
    assert.equal(house.records.generations(body.session)[0]?.reason, 'the host stopped');
    assert.equal(house.records.inbound(body.session)[0]?.tries, 0);
  });

  test('W11: stopped in mid-turn it ends within its grace, and the next start answers, once', async (t) => {
    const house = houseFor(t);
    house.writeSettings({ stopGraceMs: 200 });
    const host = await house.up();
    const events = await house.api.events('main');
    await house.api.send({ id: 'm1', text: 'stream' });
    await events.until('the answer is being written', (event) => event.type === 'live');
    assert.deepEqual(await host.stop(), { code: 0, signal: null });
    assertNothingIsLeft(house);
    await house.up();
    await until('the message is answered', async () => (await house.api.message('m1')).body.settled);
    assert.deepEqual(
      house.records.conversation('main').map((said) => said.kind),
      ['user', 'text'],
    );
  });
});

test('./bellhop up, ask and stop: the launcher becomes the host, and stop waits until it is gone', {
  skip: bwrapMissing || launcherWouldInstall(),
}, async (t) => {
  const house = houseFor(t);
  const host = house.started(LAUNCHER, [
    '--data',
    house.data,
    'up',
    '--port',
    '0',
    '--no-open',
    '--sandbox',
    'bwrap',
  ]);
  await host.ready();
  assert.equal((await house.api.status()).body.pid, host.pid);
  const asked = await run(LAUNCHER, ['ask', 'help'], { env: house.env({ BELLHOP_DATA: house.data }) });
  assert.equal(asked.code, 0);
  assert.match(asked.stdout, /a demo: no model is connected/);
  const stopped = await run(LAUNCHER, ['stop', '--data', house.data], { env: house.env() });
  assert.equal(stopped.code, 0);
  assert.deepEqual(await host.exited, { code: 0, signal: null });
  assert.match(host.stdout, READY_LINE);
  assertNothingIsLeft(house);
  const silent = await run(LAUNCHER, ['ask', 'help', '--data', house.data], { env: house.env() });
  assert.equal(silent.code, 3);
  assert.match(silent.stderr, /\.\/bellhop up/);
});
