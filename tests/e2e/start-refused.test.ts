/**
 * Starts that cannot go on: each says what is wrong and what to type next, ends with 1 and loses nothing. And the one
 * way to run without a sandbox, which a person must ask for and is told of with every reply.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import type { HostProcess } from './house/host-process.ts';
import { type House, houseFor } from './house/house.ts';
import { bwrapMissing, HOST_PROGRAM, NODE } from './house/machine.ts';

/** Where no program is to be found at all. */
function emptyPath(house: House): { readonly PATH: string } {
  mkdirSync(house.path('nothing'));
  return { PATH: house.path('nothing') };
}

/** It ended with 1, said what is wrong and, on a line of its own, what to do. */
async function assertRefused(host: HostProcess, what: RegExp, hint: RegExp): Promise<void> {
  assert.deepEqual(await host.exited, { code: 1, signal: null });
  assert.equal(host.stdout, '');
  assert.match(host.stderr, new RegExp(`^Bellhop could not start: .*${what.source}`, 'ms'));
  assert.match(host.stderr, new RegExp(`^  .*${hint.source}`, 'm'));
  assert.doesNotMatch(host.stderr, /^\s+at /m, 'a stack is no message for people');
}

function startOn(house: House, data: string): HostProcess {
  return house.started(NODE, [HOST_PROGRAM, '--data', data, '--port', '0', '--no-open']);
}

/** Returns what it was. */
function setStoreVersion(house: House, version: number): number {
  const db = new DatabaseSync(join(house.data, 'bellhop.db'));
  const before = Number(db.prepare('PRAGMA user_version').get()?.user_version);
  db.exec(`PRAGMA user_version = ${version}`);
  db.close();
  return before;
}

function fingerprint(house: House): string {
  return createHash('sha256')
    .update(readFileSync(join(house.data, 'bellhop.db')))
    .digest('hex');
}

test('a data folder that cannot be made is refused by its path, with what to do', async (t) => {
  const house = houseFor(t);
  // Nobody, root included, makes folders in sysfs.
  await assertRefused(startOn(house, '/sys/bellhop-test'), /\/sys\/bellhop-test/, /writable.*--data DIR/);
});

test('a data folder that is a file is refused, and the file stays as it is', async (t) => {
  const house = houseFor(t);
  writeFileSync(house.data, 'my notes');
  await assertRefused(house.start(), /data folder cannot be used/, /--data DIR/);
  assert.equal(readFileSync(house.data, 'utf8'), 'my notes');
});

test('a data folder whose path is too long for its sockets is refused before anything is made', async (t) => {
  const house = houseFor(t);
  const data = house.path('x'.repeat(90));
  await assertRefused(startOn(house, data), /longer than 72 bytes/, /shorter.*--data DIR/);
  assert.equal(existsSync(data), false);
});

for (const [name, settings, what] of [
  ['is not JSON', '{"maxTries": 3', /settings\.json/],
  ['names a setting that does not exist', '{"maxTrys": 3}', /settings\.json.*maxTrys/],
  ['holds a value of the wrong kind', '{"maxTries": "many"}', /settings\.json.*maxTries/],
] as const) {
  test(`L14: a settings.json that ${name} stops the start and is no silent default`, async (t) => {
    const house = houseFor(t);
    house.writeSettings(settings);
    await assertRefused(house.start(), what, /settings\.json/);
    assert.equal(readFileSync(join(house.data, 'settings.json'), 'utf8'), settings);
  });
}

test('an option that up does not know is a usage error', async (t) => {
  const host = houseFor(t).start({ args: ['--port', 'seven'] });
  assert.deepEqual(await host.exited, { code: 2, signal: null });
  assert.match(host.stderr, /--port seven.*Usage: \.\/bellhop up/s);
});

test('without bubblewrap it says what to install, and runs no agent outside a sandbox', async (t) => {
  const house = houseFor(t);
  const auto = ['--port', '0', '--sandbox', 'auto'];
  const host = house.start({ args: auto, env: emptyPath(house) });
  await assertRefused(host, /the program bwrap is missing/, /bubblewrap/);
  assert.equal(existsSync(join(house.data, 'bellhop.sock')), false);
});

test('--sandbox none needs no bubblewrap, and warns at the start and with every reply', async (t) => {
  const house = houseFor(t);
  const host = await house.up({ args: ['--port', '0', '--sandbox', 'none'], env: emptyPath(house) });
  assert.match(host.stderr, /^WARNING: .*outside a sandbox/m);
  const warned = /\[This agent runs outside a sandbox: .*\]/;
  for (const text of ['help', 'twice', 'file']) {
    const { code, message } = await house.ask(text, text);
    assert.equal(code, 0);
    const texts = house.records.conversation(text).filter((said) => said.replyTo === message);
    assert.ok(texts.length > 0);
    for (const said of texts) assert.match(said.text, warned);
  }
  const status = await house.api.status();
  assert.equal(status.body.sandbox.kind, 'none');
  assert.match(status.body.sandbox.warning ?? '', /outside a sandbox/);
  const awake = house.sandboxes();
  assert.ok(awake.length > 0, 'without a sandbox its processes must still be found');
  assert.deepEqual(await host.stop(), { code: 0, signal: null });
  assert.deepEqual(house.sandboxes(), []);
});

describe('data with a conversation in it', { skip: bwrapMissing }, () => {
  test('of a newer Bellhop is refused and left as it is; the right version goes on with it', async (t) => {
    const house = houseFor(t);
    const first = await house.up();
    await house.ask('help', 'main');
    await first.stop();
    const right = setStoreVersion(house, 99);
    const before = fingerprint(house);
    await assertRefused(house.start(), /newer/, /Update.*--data DIR/);
    assert.equal(fingerprint(house), before);
    setStoreVersion(house, right);
    await house.up();
    assert.equal((await house.ask('help', 'main')).code, 0);
    assert.deepEqual(
      house.records.conversation('main').map((said) => said.kind),
      ['user', 'text', 'user', 'text'],
    );
  });

  test('and a broken settings.json is as it was, once the settings are mended', async (t) => {
    const house = houseFor(t);
    const first = await house.up();
    await house.ask('help', 'main');
    await first.stop();
    house.writeSettings('nonsense');
    const before = fingerprint(house);
    assert.equal((await house.start().exited).code, 1);
    assert.equal(fingerprint(house), before);
    rmSync(join(house.data, 'settings.json'));
    await house.up();
    assert.equal(house.records.conversation('main').length, 2);
  });
});
