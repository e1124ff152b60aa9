/** The port's conformance suite and the attacks, on bubblewrap, as the user who runs the tests. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createBwrapRuntime } from '../../src/sandboxes/bwrap.ts';
import { isRunning, type ProcessId } from '../../src/sandboxes/processes.ts';
import { sandboxAttacks } from './attacks.ts';
import { sandboxConformance } from './conformance.ts';
import { bwrapMissing, host, hostIsRoot, type MakeRuntime, makeHouse, processesWith } from './house.ts';
import { dieAfterStart } from './orphan.ts';

const make: MakeRuntime = (dataDir) => createBwrapRuntime({ dataDir, ...host });
const name = `bwrap, host is ${hostIsRoot ? 'root' : 'an ordinary user'}`;

sandboxConformance(name, make, bwrapMissing);
sandboxAttacks(name, make, bwrapMissing);

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
