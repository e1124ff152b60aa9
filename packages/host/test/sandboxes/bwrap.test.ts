/** The port's conformance suite and the attacks, on bubblewrap, as the user who runs the tests. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBwrapRuntime } from '../../src/sandboxes/bwrap.ts';
import { sandboxAttacks } from './attacks.ts';
import { dieAfterStart, sandboxConformance } from './conformance.ts';
import { bwrapMissing, host, hostIsRoot, type MakeRuntime, makeHouse, processesWith } from './house.ts';

const make: MakeRuntime = (dataDir) => createBwrapRuntime({ dataDir, ...host });
const name = `bwrap, host is ${hostIsRoot ? 'root' : 'an ordinary user'}`;

sandboxConformance(name, make, bwrapMissing);
sandboxAttacks(name, make, bwrapMissing, {
  own: ['user', 'pid', 'net', 'ipc', 'uts', 'mnt'],
  // The outer process, the init inside, the command.
  holders: 3,
  client: null,
});

test("attack: reading the machine's own folders, which are not there at all", {
  skip: bwrapMissing,
}, async (t) => {
  const house = await makeHouse(t, make);
  const script = 'ls -d /root /home /var /opt /srv /sys /mnt/* /etc/shadow 2>/dev/null';
  const { output } = await (await house.runtime.start(house.shell(script))).exited;
  assert.equal(output, '');
});

test('attack: outliving the outer process of a dead host, the one that shows the mark', {
  skip: bwrapMissing,
}, async (t) => {
  const house = await makeHouse(t, make);
  const identity = await dieAfterStart(t, house, house.shell('sleep 1000'));
  const { outer, inner } = JSON.parse(identity) as Record<'outer' | 'inner', { pid: number }>;
  process.kill(outer.pid, 'SIGKILL');
  assert.ok(processesWith(house.canary).includes(inner.pid));
  const left = await house.runtime.leftovers(house.installId);
  assert.equal(left.length, 1);
  await left[0]?.kill();
  assert.deepEqual(processesWith(house.canary), []);
});
