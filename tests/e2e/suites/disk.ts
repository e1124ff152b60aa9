/** Promise 4 from inside a real sandbox: the disk. One long file is another test's (limits.ts); here are many. */
import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../../../packages/host/test/until.ts';
import { houseFor } from '../house/house.ts';
import { missing, type SandboxKind } from '../house/machine.ts';

const MIB = 1024 * 1024;
const LIMIT = 100 * MIB;
/** Once, and then it waits to be stopped; the next life finds that it has been here. */
const FILL =
  'run if [ -e here ]; then echo back again; else touch here; for n in 1 2 3 4; do head -c 60000000 /dev/zero >big-$n; done; sleep 600; fi';

export function diskSuite(sandbox: SandboxKind): void {
  test(`attack: promise 4: ${sandbox}: filling the workspace with many files ends its sandbox, and wakes none until there is room again`, {
    skip: missing[sandbox],
  }, async (t) => {
    const house = houseFor(t, sandbox);
    house.writeSettings({ retryBaseMs: 100, limits: { diskBytes: LIMIT } });
    await house.up();
    const { session } = (await house.api.send({ id: 'm1', text: FILL })).body;
    const first = await until('it is stopped', () =>
      house.records.generations(session).find(({ reason }) => reason !== null),
    );
    assert.match(first.reason ?? '', /its files take more than 100 MiB of disk/);
    assert.equal(first.costs, 1);
    await until('it waits for room', async () =>
      (await house.api.status()).body.waitingFor.some((why) => why.includes('more than 100 MiB of disk')),
    );
    assert.equal(house.records.generations(session).filter(({ costs }) => costs === 1).length, 1);
    assert.deepEqual(house.sandboxes(), []);
    const files = join(house.data, 'agents', 'bell', 'files');
    for (const name of readdirSync(files).filter((one) => one.startsWith('big-'))) rmSync(join(files, name));
    await until('it is answered', async () => (await house.api.message('m1')).body.settled);
    const replies = house.records.conversation('main').filter(({ kind }) => kind === 'text');
    assert.deepEqual(
      replies.map(({ text }) => text.includes('back again')),
      [true],
    );
  });
}
