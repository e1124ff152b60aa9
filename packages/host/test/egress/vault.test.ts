import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Keys } from '../../src/egress/keys.ts';
import { EgressError } from '../../src/egress/port.ts';
import { Vault } from '../../src/egress/vault.ts';
import { tempFolder } from '../temp-folder.ts';

const SECRET = 'canary-0123456789abcdef';
const GIVEN = 'ab'.repeat(32);

test('what is stored is read again, by another process too, and lies nowhere in plain', (t) => {
  const dir = tempFolder(t);
  new Vault(dir, undefined).set('anthropic', SECRET);
  assert.equal(new Vault(dir, undefined).get('anthropic'), SECRET);
  for (const file of ['vault.json', 'vault.key']) {
    assert.doesNotMatch(readFileSync(join(dir, file), 'utf8'), new RegExp(SECRET));
    assert.equal(statSync(join(dir, file)).mode & 0o777, 0o600);
  }
});

test("attack: one key's bytes in another's place open nothing", (t) => {
  const dir = tempFolder(t);
  new Vault(dir, undefined).set('anthropic', SECRET);
  const path = join(dir, 'vault.json');
  writeFileSync(path, readFileSync(path, 'utf8').replace('"anthropic"', '"compatible@evil.example"'));
  assert.equal(new Vault(dir, undefined).get('compatible@evil.example'), null);
});

test('attack: a changed byte opens nothing', (t) => {
  const dir = tempFolder(t);
  new Vault(dir, undefined).set('anthropic', SECRET);
  const path = join(dir, 'vault.json');
  const json = JSON.parse(readFileSync(path, 'utf8'));
  const data = Buffer.from(json.secrets.anthropic.data, 'base64');
  data[0] = (data[0] ?? 0) ^ 1;
  json.secrets.anthropic.data = data.toString('base64');
  writeFileSync(path, JSON.stringify(json));
  assert.equal(new Vault(dir, undefined).get('anthropic'), null);
});

test('with BELLHOP_KEY no key lies beside the vault, and another one opens nothing', (t) => {
  const dir = tempFolder(t);
  new Vault(dir, GIVEN).set('anthropic', SECRET);
  assert.throws(() => statSync(join(dir, 'vault.key')), /ENOENT/);
  assert.equal(new Vault(dir, GIVEN).get('anthropic'), SECRET);
  assert.equal(new Vault(dir, 'cd'.repeat(32)).get('anthropic'), null);
  assert.throws(() => new Vault(dir, 'too short'), EgressError);
});

test('a stored key outranks the environment, and a removed one gives it back', (t) => {
  const keys = new Keys(new Vault(tempFolder(t), undefined), { ANTHROPIC_API_KEY: 'from-the-environment' });
  const endpoint = { provider: 'anthropic', baseUrl: null } as const;
  assert.equal(keys.of(endpoint), 'from-the-environment');
  keys.keep('anthropic', SECRET);
  assert.equal(keys.of(endpoint), SECRET);
  assert.deepEqual(keys.states, [{ name: 'anthropic', from: 'vault', readable: true }]);
  keys.keep('anthropic', null);
  assert.deepEqual(keys.states, [{ name: 'anthropic', from: 'environment', readable: true }]);
});

test("attack: a key of the environment is never sent to an address of somebody's own", (t) => {
  const keys = new Keys(new Vault(tempFolder(t), undefined), { ANTHROPIC_API_KEY: 'from-the-environment' });
  assert.equal(keys.of({ provider: 'anthropic', baseUrl: 'https://evil.example' }), null);
});

test('what cannot be a key is refused, without being quoted', (t) => {
  const keys = new Keys(new Vault(tempFolder(t), undefined), {});
  for (const bad of ['short', 'with space in it', 'line\nbreak-line', 'é'.repeat(20)]) {
    assert.throws(
      () => keys.keep('anthropic', bad),
      (error: Error) => error instanceof EgressError && !`${error.message}${error.hint}`.includes(bad),
    );
  }
});

test('a rotated vault has a new key, opens everything, and the old key opens nothing of it', (t) => {
  const dir = tempFolder(t);
  const vault = new Vault(dir, undefined);
  vault.set('anthropic', SECRET);
  vault.set('secret:github', `${SECRET}2`);
  const [oldKey, oldBox] = ['vault.key', 'vault.json'].map((file) => readFileSync(join(dir, file), 'utf8'));
  assert.equal(vault.rotate(), 2);
  for (const one of [vault, new Vault(dir, undefined)]) {
    assert.equal(one.get('anthropic'), SECRET);
    assert.equal(one.get('secret:github'), `${SECRET}2`);
  }
  assert.notEqual(readFileSync(join(dir, 'vault.json'), 'utf8'), oldBox);
  assert.equal(new Vault(dir, oldKey?.trim()).get('anthropic'), null);
  assert.throws(() => statSync(join(dir, 'vault.key.next')), /ENOENT/);
  assert.equal(statSync(join(dir, 'vault.key')).mode & 0o777, 0o600);
});

test('a rotation that is cut off anywhere leaves a vault that opens, with one of the two keys', (t) => {
  const dir = tempFolder(t);
  const vault = new Vault(dir, undefined);
  vault.set('anthropic', SECRET);
  const read = (file: string) => readFileSync(join(dir, file), 'utf8');
  const before = { key: read('vault.key'), box: read('vault.json') };
  vault.rotate();
  const after = { key: read('vault.key'), box: read('vault.json') };
  for (const [box, key, next] of [
    // The next key is there, nothing is sealed with it yet: half of it written, and all.
    [before.box, before.key, after.key.slice(0, 10)],
    [before.box, before.key, after.key],
    // All is sealed with it, and it has not taken its place.
    [after.box, before.key, after.key],
  ] as const) {
    writeFileSync(join(dir, 'vault.json'), box);
    writeFileSync(join(dir, 'vault.key'), key);
    writeFileSync(join(dir, 'vault.key.next'), next);
    assert.equal(new Vault(dir, undefined).get('anthropic'), SECRET);
    assert.throws(() => statSync(join(dir, 'vault.key.next')), /ENOENT/);
    assert.equal(new Vault(dir, undefined).get('anthropic'), SECRET);
  }
});

test('what the key does not open, and a key that is given from outside, are not rotated over', (t) => {
  const dir = tempFolder(t);
  const given = new Vault(dir, GIVEN);
  given.set('anthropic', SECRET);
  assert.throws(() => given.rotate(), /BELLHOP_KEY/);
  const other = new Vault(dir, undefined);
  other.set('openai', SECRET);
  assert.throws(() => other.rotate(), /does not open: anthropic/);
  assert.equal(new Vault(dir, GIVEN).get('anthropic'), SECRET);
});

test('attack of time: another process looks into the vault between two steps of a rotation, and nothing is lost', (t) => {
  const dir = tempFolder(t);
  const owner = new Vault(dir, undefined);
  owner.set('anthropic', SECRET);
  const nextPath = join(dir, 'vault.key.next');
  // What a rotation writes first; what it seals with it comes next.
  writeFileSync(nextPath, `${GIVEN}\n`, { mode: 0o600 });
  assert.equal(new Vault(dir, undefined, 'look').get('anthropic'), SECRET);
  assert.equal(readFileSync(nextPath, 'utf8'), `${GIVEN}\n`, 'the next key must stay for its owner');
  // All is sealed with the next key, which has not yet taken the place of the old one.
  const sealed = tempFolder(t);
  const own = join(sealed, 'vault.key');
  writeFileSync(own, `${GIVEN}\n`, { mode: 0o600 });
  new Vault(sealed, undefined).set('anthropic', SECRET);
  writeFileSync(join(sealed, 'vault.key.next'), `${GIVEN}\n`, { mode: 0o600 });
  writeFileSync(own, `${'cd'.repeat(32)}\n`, { mode: 0o600 });
  assert.equal(new Vault(sealed, undefined, 'look').get('anthropic'), SECRET);
  assert.equal(readFileSync(own, 'utf8'), `${'cd'.repeat(32)}\n`, 'who looks moves nothing');
});
