/** `link` and `password`: what goes to stdout, and that a password is neither shown nor taken as an argument. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCli } from '../src/cli.ts';
import { fakeHost } from './fake-host.ts';
import { run, testWorld } from './test-world.ts';

const SECRET = 'correct horse battery';

test('link prints the address alone on stdout, and how long it works beside it', async () => {
  await using host = await fakeHost();
  const { code, out, err } = await run(['link'], testWorld({ data: host.data }));
  assert.equal(code, 0);
  assert.equal(out, 'http://127.0.0.1:7788/in/token\n');
  assert.match(err, /works once, for 10 minutes/);
});

test('link and password without a host say how to start one', async () => {
  for (const command of ['link', 'password']) {
    const { code, err } = await run([command], testWorld({ data: '/nonexistent' }), `${SECRET}\n`);
    assert.equal(code, 3);
    assert.match(err, /\.\/bellhop up/);
  }
});

test('a piped password is sent without its line end', async () => {
  for (const line of [SECRET, `${SECRET}\n`, `${SECRET}\r\nand more\n`]) {
    await using host = await fakeHost();
    const { code } = await run(['password'], testWorld({ data: host.data }), line);
    assert.equal(code, 0);
    assert.deepEqual(host.passwords, [SECRET]);
  }
});

test('a typed password is asked for twice and never shown, not even in raw mode', async () => {
  await using host = await fakeHost();
  const world = testWorld({ data: host.data, tty: true });
  const raw: boolean[] = [];
  Object.assign(world.stdin, { setRawMode: (on: boolean) => raw.push(on) });
  const done = runCli(['password'], world);
  await world.stderr.shows('New password: ');
  world.stdin.write(`${SECRET}X\u007f\r${SECRET}`);
  await world.stderr.shows('Once more: ');
  world.stdin.write('\r');
  assert.equal(await done, 0);
  assert.deepEqual(host.passwords, [SECRET]);
  assert.deepEqual(raw, [true, false]);
  assert.ok(!`${world.stdout.text}${world.stderr.text}`.includes('horse'));
});

test('two different passwords change nothing', async () => {
  await using host = await fakeHost();
  const { code, err } = await run(
    ['password'],
    testWorld({ data: host.data, tty: true }),
    `${SECRET}\rother\r`,
  );
  assert.equal(code, 2);
  assert.match(err, /nothing has changed/);
  assert.deepEqual(host.passwords, []);
});

test('Ctrl-C in mid-password leaves the terminal as it was and sets nothing', async () => {
  await using host = await fakeHost();
  const world = testWorld({ data: host.data, tty: true });
  const raw: boolean[] = [];
  Object.assign(world.stdin, { setRawMode: (on: boolean) => raw.push(on) });
  const { code } = await run(['password'], world, 'abc\u0003');
  assert.equal(code, 130);
  assert.deepEqual(raw, [true, false]);
  assert.deepEqual(host.passwords, []);
});

test('ATTACK ON OURSELVES: a password as an argument, where every program reads it, is refused', async () => {
  await using host = await fakeHost();
  const { code } = await run(['password', SECRET], testWorld({ data: host.data }));
  assert.equal(code, 2);
  assert.deepEqual(host.passwords, []);
});

test('no password on stdin is a usage error', async () => {
  await using host = await fakeHost();
  assert.equal((await run(['password'], testWorld({ data: host.data }), '')).code, 2);
});
