/**
 * The Docker suite once more for a host that is an ordinary user, when the tests are run by root. Not uid 1000, which is
 * whom the image and a root host would take anyway. What such a host needs is the group of the engine's socket.
 */

import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { dockerMissing, hostIsRoot } from './house.ts';
import { runSuiteAs } from './other-user.ts';

const SOCKET = '/var/run/docker.sock';

function socketGroup(): number | null {
  try {
    return statSync(SOCKET).gid;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return null;
  }
}

const group = socketGroup();
const skip =
  dockerMissing ||
  (!hostIsRoot && 'the tests are run by an ordinary user already') ||
  (group === null && `the engine listens somewhere else than on ${SOCKET}`);

const UID = 1234;

test(`the whole suite holds for a host with uid ${UID}`, { skip }, async (t) => {
  const { failed, output } = await runSuiteAs(
    t,
    { uid: UID, gid: UID, groups: [group ?? 0] },
    'docker.test.ts',
  );
  assert.ok(!failed, output);
  const passed = Number(/^# pass (\d+)$/m.exec(output)?.[1]);
  assert.ok(passed >= 25, `only ${passed} tests ran:\n${output}`);
  assert.match(output, /docker, host is an ordinary user/);
});
