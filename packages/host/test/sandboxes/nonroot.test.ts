/**
 * The bubblewrap suite once more as an ordinary user, when the tests are run by root: that host needs no mount namespace
 * and no change of user, so it is another road. It runs on a copy, since an ordinary user may not enter root's checkout.
 */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, chown, cp, link, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bwrapMissing, hostIsRoot, owner } from './house.ts';

const skip = hostIsRoot ? bwrapMissing : 'the tests are run by an ordinary user already';

test('the whole suite holds for a host that is an ordinary user', { skip, timeout: 120_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'bellhop-nonroot-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const root = join(import.meta.dirname, '../..');
  const files = join(folder, 'host');
  for (const part of ['src/sandboxes', 'test/sandboxes']) {
    await cp(join(root, part), join(files, part), { recursive: true });
  }
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await link(process.execPath, join(folder, 'node')).catch(() => cp(process.execPath, join(folder, 'node')));
  const scratch = join(folder, 'tmp');
  await mkdir(scratch);
  await chown(scratch, owner.uid, owner.gid);
  await chmod(folder, 0o755);

  const become = ['--reuid', `${owner.uid}`, '--regid', `${owner.gid}`, '--clear-groups'];
  const suite = ['--test', '--test-reporter=tap', join(files, 'test/sandboxes/bwrap.test.ts')];
  const env = { PATH: process.env.PATH, TMPDIR: scratch, HOME: scratch };
  const done = Promise.withResolvers<{ failed: boolean; output: string }>();
  execFile('setpriv', [...become, join(folder, 'node'), ...suite], { env, cwd: folder }, (error, output) =>
    done.resolve({ failed: error !== null, output }),
  );
  const { failed, output } = await done.promise;
  assert.ok(!failed, output);
  const passed = Number(/^# pass (\d+)$/m.exec(output)?.[1]);
  assert.ok(passed >= 25, `only ${passed} tests ran:\n${output}`);
  assert.match(output, /host is an ordinary user/);
});
