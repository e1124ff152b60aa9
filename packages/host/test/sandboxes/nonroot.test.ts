/**
 * The bubblewrap suite once more as an ordinary user, when the tests are run by root: that host needs no mount namespace
 * and no change of user, so it is another road.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bwrapMissing, hostIsRoot, owner } from './house.ts';
import { runSuiteAs } from './other-user.ts';

const skip = hostIsRoot ? bwrapMissing : 'the tests are run by an ordinary user already';

test('the whole suite holds for a host that is an ordinary user', { skip }, async (t) => {
  const { failed, output } = await runSuiteAs(t, { ...owner, groups: [] }, 'bwrap.test.ts');
  assert.ok(!failed, output);
  const passed = Number(/^# pass (\d+)$/m.exec(output)?.[1]);
  assert.ok(passed >= 25, `only ${passed} tests ran:\n${output}`);
  assert.match(output, /host is an ordinary user/);
});
