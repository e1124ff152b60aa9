/** How the host chooses between Docker and bubblewrap, and what is said of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { houseFor } from './house/house.ts';
import { bwrapMissing, missing } from './house/machine.ts';

const AUTO = ['--port', '0', '--sandbox', 'auto'];
const NO_BASE = { BELLHOP_BASE_IMAGE: 'localhost:1/nobody-has-this' };
const skip = missing.docker;

test('auto takes Docker, builds its image with progress once, and nothing at the next start', {
  skip,
}, async (t) => {
  const house = houseFor(t, 'docker');
  const first = await house.up({ args: AUTO });
  assert.equal((await house.api.status()).body.sandbox.kind, 'docker');
  assert.match(first.stderr, /^Building the agent image from node:26-slim/m);
  assert.match(first.stderr, /^ {2}(Step \d|#\d)/m);
  await first.stop();
  const second = await house.up({ args: AUTO });
  assert.doesNotMatch(second.stderr, /Building/);
  assert.equal((await house.api.status()).body.sandbox.kind, 'docker');
});

test('auto goes on with bubblewrap when the image cannot be built, says so in one line, and tries no second time', {
  skip: skip || bwrapMissing,
}, async (t) => {
  const house = houseFor(t);
  for (const built of [true, false]) {
    const host = await house.up({ args: AUTO, env: NO_BASE });
    assert.equal((await house.api.status()).body.sandbox.kind, 'bwrap');
    assert.equal(/^Building/m.test(host.stderr), built);
    assert.equal(host.stderr.match(/^Using bwrap: .*image.* \.\/bellhop up --sandbox docker$/gm)?.length, 1);
    await host.stop();
  }
});

test('--sandbox docker does not fall to anything else', { skip }, async (t) => {
  const host = houseFor(t, 'docker').start({ env: NO_BASE });
  assert.deepEqual(await host.exited, { code: 1, signal: null });
  assert.match(host.stderr, /^Bellhop could not start: no sandbox can be used: .*image.*\n {2}\S/m);
});

test('without an engine auto says nothing of Docker', { skip: bwrapMissing }, async (t) => {
  const house = houseFor(t);
  const env = { DOCKER_HOST: `unix://${house.path('nobody.sock')}` };
  const host = await house.up({ args: AUTO, env });
  assert.equal((await house.api.status()).body.sandbox.kind, 'bwrap');
  assert.doesNotMatch(host.stderr, /docker|engine/i);
});

test('what a host that died left in Docker is gone before the next one, on bubblewrap, is ready', {
  skip: skip || bwrapMissing,
}, async (t) => {
  const house = houseFor(t, 'docker');
  const host = await house.up();
  await house.ask('help', 'main');
  assert.ok(house.sandboxes().length > 0);
  await host.kill();
  await house.up({ args: ['--port', '0', '--sandbox', 'bwrap'] });
  assert.deepEqual(house.sandboxes(), []);
});
