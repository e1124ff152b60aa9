/** Control groups on trees of plain files: what is written where. The real ones are attacked in limits.ts. */

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { countsProcessesInside } from '../../src/sandboxes/bwrap.ts';
import { findCgroups } from '../../src/sandboxes/cgroups.ts';
import { ownMemory } from '../../src/sandboxes/usage-watch.ts';

const LIMITS = { memoryBytes: 1_000_000, pids: 50, cpus: 0.5, fileBytes: 1 };
const MARK = 'bellhop:i:s:1';

async function tree(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'bellhop-cgroups-'));
  t.after(() => rm(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

describe('control groups', () => {
  test('version 2: one group, in the first place that hands controllers down, with all its settings', async (t) => {
    const group = 'app/bellhop-i-s-1';
    const root = await tree(t, {
      'app/host/cgroup.subtree_control': '',
      'app/cgroup.subtree_control': 'cpu memory pids\n',
      // As the kernel makes them; this one accounts no swap.
      ...Object.fromEntries(['memory.max', 'pids.max', 'cpu.max'].map((file) => [`${group}/${file}`, ''])),
    });
    const groups = await findCgroups(root, '0::/app/host\n');
    assert.deepEqual(groups.bounds, new Set(['memory', 'pids', 'cpu']));
    assert.deepEqual(await groups.make(MARK, LIMITS), [join(root, group, 'cgroup.procs')]);
    const values = ['memory.max', 'pids.max', 'cpu.max'].map((file) =>
      readFile(join(root, group, file), 'utf8'),
    );
    assert.deepEqual(await Promise.all(values), ['1000000', '50', '50000 100000']);
  });

  test('version 1: a tree for each controller, also where two share one', async (t) => {
    const root = await tree(t, {
      'memory/a/bellhop-i-s-1/memory.limit_in_bytes': 'x',
      'cpu,cpuacct/bellhop-i-s-1/cpu.cfs_period_us': 'x',
      'cpu,cpuacct/bellhop-i-s-1/cpu.cfs_quota_us': 'x',
    });
    const groups = await findCgroups(root, '4:memory:/a\n3:cpu,cpuacct:/\n2:pids:/gone\n0::/\n');
    assert.deepEqual(groups.bounds, new Set(['memory', 'cpu']));
    const entrances = ['memory/a', 'cpu,cpuacct'].map((dir) => join(root, dir, 'bellhop-i-s-1/cgroup.procs'));
    assert.deepEqual(await groups.make(MARK, LIMITS), entrances);
    assert.equal(await readFile(join(root, 'cpu,cpuacct/bellhop-i-s-1/cpu.cfs_quota_us'), 'utf8'), '50000');
  });

  test('version 1: no more CPU than a group above has, which the kernel would refuse', async (t) => {
    for (const [above, expected] of [
      [{ quota: '40000', period: '100000' }, '40000'],
      [{ quota: '60000', period: '200000' }, '30000'],
      [{ quota: '100000', period: '100000' }, '50000'],
      [{ quota: '-1', period: '100000' }, '50000'],
    ] as const) {
      const root = await tree(t, {
        'cpu/box/cpu.cfs_quota_us': above.quota,
        'cpu/box/cpu.cfs_period_us': above.period,
        'cpu/box/host/bellhop-i-s-1/cpu.cfs_period_us': 'x',
        'cpu/box/host/bellhop-i-s-1/cpu.cfs_quota_us': 'x',
      });
      await (await findCgroups(root, '4:cpu:/box/host\n')).make(MARK, LIMITS);
      const quota = join(root, 'cpu/box/host/bellhop-i-s-1/cpu.cfs_quota_us');
      assert.equal(await readFile(quota, 'utf8'), expected);
    }
  });

  test('version 1: processes and memory, each with its bound', async (t) => {
    const files = ['pids/bellhop-i-s-1/pids.max', 'memory/bellhop-i-s-1/memory.limit_in_bytes'];
    const root = await tree(t, Object.fromEntries(files.map((file) => [file, 'x'])));
    await (await findCgroups(root, '4:memory:/\n2:pids:/\n')).make(MARK, LIMITS);
    const values = files.map((file) => readFile(join(root, file), 'utf8'));
    assert.deepEqual(await Promise.all(values), ['50', '1000000']);
  });

  test('a controller that does not take a bound is an error, not a sandbox without it', async (t) => {
    const root = await tree(t, { 'cgroup.subtree_control': 'cpu memory pids' });
    const groups = await findCgroups(root, '0::/\n');
    await assert.rejects(groups.make(MARK, LIMITS), { code: 'ENOENT' });
  });

  test('where there are none, nothing is bounded and nothing is made', async () => {
    const groups = await findCgroups('/nonexistent', '0::/\n');
    assert.deepEqual([...groups.bounds], []);
    assert.deepEqual(await groups.make(MARK, LIMITS), []);
    assert.equal(await groups.remove(MARK), 0);
  });
});

test('what a process has for itself: not the programs and files that it maps', () => {
  const status =
    'VmRSS:\t  9000 kB\nRssAnon:\t    100 kB\nRssFile:\t  8800 kB\nRssShmem:\t   10 kB\nVmSwap:\t   1 kB\n';
  assert.equal(ownMemory(status), 111 * 1024);
  assert.equal(ownMemory(''), 0, 'it is gone');
});

test('kernels that count processes for each sandbox by itself', () => {
  assert.deepEqual(['6.1.0-13-amd64', '5.14.0', '5.13.9', '4.19.0'].map(countsProcessesInside), [
    true,
    true,
    false,
    false,
  ]);
});
