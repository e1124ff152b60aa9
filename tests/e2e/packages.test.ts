/** Packages of an agent's own, from the command line to the sandbox: with Docker, and why not with bubblewrap. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { houseFor } from './house/house.ts';
import { bwrapMissing, missing } from './house/machine.ts';

test('the owner names a package, the agent has it in its next sandbox; a hostile or missing name changes nothing', {
  skip: missing.docker,
}, async (t) => {
  const house = houseFor(t, 'docker');
  const first = await house.up();
  assert.match((await house.ask('run hello', 'one')).reply, /not found/);
  assert.match((await house.bellhop(['packages', 'add', '--apt', 'hello'])).stdout, /being installed/);
  const log = await house.bellhop(['packages', 'log']);
  assert.match(log.stdout, /Setting up hello.*passed its self-test/s);
  assert.equal(log.code, 0);
  // The same conversation: its sandbox was renewed.
  assert.match((await house.ask('run hello', 'one')).reply, /Hello, world!/);

  const hostile = await house.bellhop(['packages', 'add', '--apt', '; touch /broken', '--apt=-y']);
  assert.match(hostile.stderr, /"-y" is not the name/);
  assert.match((await house.bellhop(['packages'])).stdout, /^bell: apt hello\n {2}installed\n$/);
  await house.bellhop(['packages', 'add', '--apt', 'no-such-package-anywhere']);
  const failed = await house.bellhop(['packages', 'log']);
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /Unable to locate package no-such-package-anywhere/);
  assert.match((await house.ask('run hello', 'two')).reply, /Hello, world!/);

  await first.stop();
  await house.up();
  assert.match((await house.ask('run hello', 'one')).reply, /Hello, world!/);
  assert.match((await house.bellhop(['packages'])).stdout, /Unable to locate package/);
});

test('with bubblewrap packages are refused in words that say what to type', {
  skip: bwrapMissing,
}, async (t) => {
  const house = houseFor(t);
  await house.up();
  const refused = await house.bellhop(['packages', 'add', '--apt', 'hello']);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /a sandbox that has none\n.*\.\/bellhop up --sandbox docker/);
  assert.equal((await house.bellhop(['packages'])).stdout, 'No agent has packages of its own.\n');
});
