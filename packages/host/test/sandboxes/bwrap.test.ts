/** The port's conformance suite and the attacks, on bubblewrap, as the user who runs the tests. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createBwrapRuntime } from '../../src/sandboxes/bwrap.ts';
import { isRunning, type ProcessId } from '../../src/sandboxes/processes.ts';
import { sandboxAttacks } from './attacks.ts';
import { sandboxConformance } from './conformance.ts';
import { bwrapMissing, host, hostIsRoot, type MakeRuntime, makeHouse, processesWith } from './house.ts';
import { limitAttacks } from './limits.ts';
import { dieAfterStart } from './orphan.ts';

const make: MakeRuntime = (dataDir) => createBwrapRuntime({ dataDir, ...host });
const name = `bwrap, host is ${hostIsRoot ? 'root' : 'an ordinary user'}`;

sandboxConformance(name, make, bwrapMissing);
sandboxAttacks(name, make, bwrapMissing, {
  own: ['user', 'pid', 'net', 'ipc', 'uts', 'mnt'],
  // The outer process, the init inside, the command.
  holders: 3,
  client: null,
});

// Where no control group can be written, as for most ordinary users.
limitAttacks(
  `${name}, without control groups`,
  (dataDir) => createBwrapRuntime({ dataDir, ...host, cgroupRoot: '/nonexistent' }),
  bwrapMissing,
  { cpu: false },
);

limitAttacks(name, make, bwrapMissing, { cpu: hostIsRoot });

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

test('killed, its init is reaped by its own parent: no dead process waits for the pid 1 of the machine and keeps a control group', {
  skip: bwrapMissing,
}, async (t) => {
  const house = await makeHouse(t, make);
  const sandbox = await house.runtime.start(house.shell('sleep 1000; :'));
  await sandbox.kill();
  // Killed itself, the outer process could tell no code: it has seen the end of its child.
  const { code, signal } = await sandbox.exited;
  assert.deepEqual({ code, signal }, { code: 137, signal: null });
});

test('a stopped outer process does not hold up a kill', { skip: bwrapMissing }, async (t) => {
  const house = await makeHouse(t, make);
  const sandbox = await house.runtime.start(house.shell('sleep 1000; :'));
  const { outer } = JSON.parse(sandbox.identity) as { outer: ProcessId };
  process.kill(outer.pid, 'SIGSTOP');
  await sandbox.kill();
  assert.equal((await sandbox.exited).signal, 'SIGKILL');
  assert.deepEqual(processesWith(house.canary), []);
});

describe('half of a bubblewrap sandbox', { skip: bwrapMissing }, () => {
  for (const half of ['outer', 'inner'] as const) {
    test(`W10: without its ${half} process is not taken over, and the rest is found and killed`, async (t) => {
      const house = await makeHouse(t, make);
      const identity = await dieAfterStart(t, house, house.shell('sleep 1000; :'));
      // Stopped, so that the other half cannot follow at once.
      const { outer, inner } = JSON.parse(identity) as Record<'outer' | 'inner', ProcessId>;
      const [dies, stays] = half === 'outer' ? [outer, inner] : [inner, outer];
      process.kill(stays.pid, 'SIGSTOP');
      process.kill(dies.pid, 'SIGKILL');
      while (await isRunning(dies));
      assert.ok(await isRunning(stays), 'the other half is there, or this shows nothing');
      const next = make(house.dataDir);
      assert.equal(await next.adopt(house.shell('').mark, identity), null);
      const left = await next.leftovers(house.installId);
      assert.equal(left.length, 1);
      await left[0]?.kill();
      assert.deepEqual(processesWith(house.canary), []);
      assert.ok(!(await isRunning(stays)));
    });
  }
});
