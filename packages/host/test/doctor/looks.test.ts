/** One thing is made ill at a time, and its own check must say so, by id, severity and promise (promise 30). */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { noteHead } from '../../src/audit-head.ts';
import { lookAtFolder } from '../../src/doctor/folder.ts';
import { lookAtKeys } from '../../src/doctor/keys.ts';
import { lookAtMachine } from '../../src/doctor/machine.ts';
import { lookAtRecords, waiting } from '../../src/doctor/records.ts';
import { judge as judgeSandboxes, lookAtSandboxes } from '../../src/doctor/sandboxes.ts';
import { lookAtSettings, weaknesses } from '../../src/doctor/weakened.ts';
import { Trail } from '../../src/egress/audit/trail.ts';
import { closedSecrets } from '../../src/egress/secrets.ts';
import { Vault } from '../../src/egress/vault.ts';
import { readNote, takeLock } from '../../src/lock.ts';
import type { SandboxRuntime } from '../../src/sandboxes/port.ts';
import { readSettings } from '../../src/settings.ts';
import { readTimeZone } from '../../src/time-zone.ts';
import { openStoreWorld } from '../store-world.ts';
import { tempFolder } from '../temp-folder.ts';
import { groundAt, ill, told } from './ground.ts';

describe('the data folder', () => {
  test('each file that is secret and open to others is an error, and is closed by --fix', async (t) => {
    const ground = groundAt(t);
    mkdirSync(join(ground.dataDir, 'egress'), { mode: 0o700 });
    chmodSync(ground.dataDir, ground.uid === 0 ? 0o711 : 0o700);
    for (const name of ['egress/vault.key', 'egress/vault.json', 'egress/ca.json', 'egress/audit.jsonl']) {
      const path = join(ground.dataDir, name);
      writeFileSync(path, '', { mode: 0o600 });
      assert.deepEqual(ill(await lookAtFolder(ground)), []);
      chmodSync(path, 0o644);
      const [found] = (await lookAtFolder(ground)).filter(({ severity }) => severity === 'error');
      assert.deepEqual([found?.id, found?.promise, found?.fix], ['permissions', 28, `chmod 0600 ${path}`]);
      assert.match((await found?.mend?.()) ?? '', /0600/);
      assert.equal(statSync(path).mode & 0o777, 0o600);
    }
    chmodSync(join(ground.dataDir, 'egress'), 0o755);
    assert.deepEqual(ill(await lookAtFolder(ground)), ['permissions error 28']);
  });

  test('somebody else owns it; there is none yet', async (t) => {
    const ground = groundAt(t);
    assert.deepEqual(told(await lookAtFolder({ ...ground, uid: ground.uid + 1 })), ['data-owner error 28']);
    assert.deepEqual(told(await lookAtFolder({ ...ground, dataDir: join(ground.dataDir, 'none') })), [
      'data-folder info',
    ]);
  });

  test('a host that died left its note: told, and removed by --fix', async (t) => {
    const ground = groundAt(t);
    const lock = takeLock(ground.dataDir);
    lock?.note({ pid: 1, url: 'http://127.0.0.1:1/', sandbox: 'bwrap' });
    lock?.letGo();
    const stale = (await lookAtFolder(ground)).find(({ id }) => id === 'dead-host');
    assert.equal(stale?.severity, 'warning');
    await stale?.mend?.();
    assert.equal(existsSync(join(ground.dataDir, 'host.json')), false);
  });
});

test('attack of time: a host starts between the look and --fix; its note, socket and sandboxes stay', async (t) => {
  const ground = groundAt(t, { installId: 'i' });
  const { dataDir } = ground;
  const dead = takeLock(dataDir);
  dead?.note({ pid: 1, url: 'http://127.0.0.1:1/', sandbox: 'bwrap' });
  dead?.letGo();
  const killed: string[] = [];
  const left = [{ mark: 'bellhop:i:s:1', kill: async () => void killed.push('s') }];
  const runtime = { kind: 'bwrap', selfTest: async () => ({ ok: true }), leftovers: async () => left };
  const found = [
    ...(await lookAtFolder(ground)),
    ...(await lookAtSandboxes({ ...ground, runtimes: [runtime as unknown as SandboxRuntime] })),
  ].filter(({ id }) => id === 'dead-host' || id === 'leftovers');
  assert.equal(found.length, 2);
  const live = takeLock(dataDir);
  t.after(() => live?.release());
  live?.note({ pid: 2, url: 'http://127.0.0.1:2/', sandbox: 'bwrap' });
  for (const { mend } of found) await assert.rejects(mend?.() ?? Promise.resolve(), /a host has started/);
  assert.deepEqual([killed, readNote(dataDir)?.pid], [[], 2]);
});

test('a lock that is no lock is an error of its own', async (t) => {
  const ground = groundAt(t, { isUp: true });
  chmodSync(ground.dataDir, ground.uid === 0 ? 0o711 : 0o700);
  writeFileSync(join(ground.dataDir, 'host.lock'), 'x'.repeat(4_096));
  assert.deepEqual(ill(await lookAtFolder(ground)), ['host-lock error']);
});

describe('settings', () => {
  const settings = (change: object) => ({ ...readSettings('/nowhere'), ...change });
  const limits = readSettings('/nowhere').limits;

  for (const [name, change, expected] of [
    ['wide limits', { limits: { ...limits, memoryBytes: 1024 ** 4 } }, 'limits warning 4'],
    ['wide limits of one agent', { agentLimits: { bell: { pids: 100_000 } } }, 'limits warning 4'],
    ['no reserve on the disk', { minFreeDiskBytes: 0 }, 'disk-reserve warning 4'],
    [
      'all of the machine can be shown',
      { mountRoots: [{ path: '/', writable: false }] },
      'mounts warning 25',
    ],
    [
      'a folder that can be written',
      { mountRoots: [{ path: '/srv/x', writable: true }] },
      'mounts-writable info 25',
    ],
    ['another name of the page', { hostNames: ['bell.example'] }, 'host-names info'],
  ] as const) {
    test(name, () => assert.deepEqual(told(weaknesses(settings(change))), [expected]));
  }

  test('the defaults weaken nothing; a file that makes no sense is an error with its words', async (t) => {
    const ground = groundAt(t);
    assert.deepEqual(told(await lookAtSettings(ground)), ['settings ok']);
    writeFileSync(join(ground.dataDir, 'settings.json'), '{"maxTries": -1}');
    const [found] = await lookAtSettings(ground);
    assert.deepEqual([found?.id, found?.severity], ['settings', 'error']);
    assert.match(found?.what ?? '', /maxTries/);
  });

  test('a host without a sandbox, a page for other machines', async (t) => {
    const ground = groundAt(t, { isUp: true });
    const lock = takeLock(ground.dataDir);
    t.after(() => lock?.release());
    lock?.note({ pid: 1, url: 'http://127.0.0.1:1/', sandbox: 'bwrap' });
    assert.deepEqual(ill(await lookAtSettings(ground)), []);
    lock?.note({ pid: 1, url: 'http://192.168.1.20:1/', sandbox: 'none' });
    assert.deepEqual(ill(await lookAtSettings(ground)), ['no-sandbox error 1', 'page-address warning']);
  });
});

describe('the machine', () => {
  const reserve = async (t: Parameters<typeof groundAt>[0], bytes: number) => {
    const ground = groundAt(t);
    writeFileSync(join(ground.dataDir, 'settings.json'), JSON.stringify({ minFreeDiskBytes: bytes }));
    return (await lookAtMachine(ground)).find(({ id }) => id === 'disk');
  };

  test('a disk that is almost full, or full', async (t) => {
    assert.equal((await reserve(t, 1))?.severity, 'ok');
    assert.deepEqual(
      [(await reserve(t, 2 ** 52))?.severity, (await reserve(t, 2 ** 52))?.promise],
      ['error', 4],
    );
  });

  test('Z1: a TZ that names no time zone is a warning, with what to type', async (t) => {
    const found = async (tz: string) => {
      const looked = await lookAtMachine(groundAt(t, { timeZone: readTimeZone({ TZ: tz }) }));
      return looked.find(({ id }) => id === 'time-zone');
    };
    const good = await found('Asia/Tokyo');
    assert.deepEqual([good?.severity, good?.what], ['ok', 'The time zone is Asia/Tokyo.']);
    const bad = await found('UTC+3');
    assert.equal(bad?.severity, 'warning');
    assert.match(bad?.what ?? '', /by UTC: TZ is "UTC\+3"/);
    assert.match(bad?.fix ?? '', /^TZ=.* \.\/bellhop up/);
  });

  test('a clock of another time', async (t) => {
    const clock = async (nowMs: number, dataDir?: string) => {
      const ground = groundAt(t, { nowMs, ...(dataDir === undefined ? {} : { dataDir }) });
      return (await lookAtMachine(ground)).find(({ id }) => id === 'clock')?.severity;
    };
    assert.deepEqual([await clock(Date.UTC(2026, 5)), await clock(0)], ['ok', 'error']);
    const { dir, store } = await openStoreWorld(t);
    const atMs = Date.UTC(2026, 6);
    await store.transaction((sql) =>
      sql
        .run("INSERT INTO events (channel, id, accepted_ms) VALUES ('fake', 'e', ?)", atMs)
        .then(() => undefined),
    );
    assert.deepEqual([await clock(atMs - 1_000, dir), await clock(atMs - 3_600_000, dir)], ['ok', 'warning']);
  });
});

describe('keys', () => {
  test('none is no fault, one that cannot be opened is an error', async (t) => {
    const look = (keys: ReturnType<Parameters<typeof lookAtKeys>[0]['keys']>) =>
      lookAtKeys(groundAt(t, { keys: () => keys }));
    assert.deepEqual(told(await look([])), ['model-key info']);
    assert.deepEqual(told(await look([{ name: 'openai', from: 'vault', readable: true }])), ['model-key ok']);
    assert.deepEqual(told(await look([{ name: 'openai', from: 'vault', readable: false }])), [
      'model-key error 28',
    ]);
  });
});

test('promise 28: secrets that the key of the vault does not open are named, never shown', async (t) => {
  const dir = tempFolder(t);
  const [given, other] = ['ab'.repeat(32), 'cd'.repeat(32)];
  const vault = new Vault(dir, given);
  vault.set('secret:github', 'canary-0123456789');
  vault.set('openai', 'canary-9876543210');
  assert.deepEqual(closedSecrets(vault), []);
  const look = (key: string) =>
    lookAtKeys(groundAt(t, { closedSecrets: () => closedSecrets(new Vault(dir, key, 'look')) }));
  assert.deepEqual(told(await look(given)), ['model-key info']);
  const found = await look(other);
  assert.deepEqual(told(found), ['model-key info', 'secrets error 28']);
  assert.match(found[1]?.what ?? '', /does not open this secret: github\.$/);
});

describe('records', () => {
  test('a damaged store, an audit that was changed', async (t) => {
    const { dir } = await openStoreWorld(t);
    mkdirSync(join(dir, 'egress'));
    const trail = new Trail(join(dir, 'egress'), () => 0);
    for (const target of ['a:443', 'b:443'])
      trail.append({
        who: 'owner',
        what: 'host allowed',
        agent: 'a',
        session: '',
        target,
        decision: '',
        detail: '',
      });
    trail.close();
    const ground = groundAt(t, { dataDir: dir });
    assert.deepEqual(told(await lookAtRecords(ground)), ['store ok', 'audit ok 24']);
    const file = join(dir, 'egress', 'audit.jsonl');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('a:443', 'c:443'));
    assert.deepEqual(ill(await lookAtRecords(ground)), ['audit error 24']);
    // Whole as far as it goes, and shorter than it was.
    await noteHead(dir, trail.head);
    writeFileSync(file, `${text.split('\n')[0]}\n`);
    assert.deepEqual(ill(await lookAtRecords(ground)), ['audit error 24']);
    const other = groundAt(t);
    writeFileSync(
      join(other.dataDir, 'bellhop.db'),
      'this is no database, though it is long enough to be one',
    );
    assert.deepEqual(ill(await lookAtRecords(other)), ['store error']);
  });

  test('what waits for the owner', () => {
    assert.deepEqual(told(waiting(0, 0)), []);
    assert.deepEqual(told(waiting(1, 2)), ['quarantined warning 16', 'dead-letters warning']);
  });
});

describe('sandboxes', () => {
  const holds = { ok: true } as const;
  const absent = { ok: false, why: 'there is none', install: 'apt', absent: true } as const;
  const broken = { ok: false, why: 'a read-only mount can be written', install: 'mend' } as const;
  const weak = { ok: true, warnings: ['bubblewrap cannot bound the CPU'] } as const;

  for (const [name, docker, bwrap, expected] of [
    ['both hold', holds, holds, []],
    ['one is absent', absent, holds, ['docker info']],
    ['one has an open door', holds, broken, ['bwrap warning 30']],
    ['one bounds less', holds, weak, ['bwrap-bounds warning 4']],
    ['none holds', absent, broken, ['docker error 30', 'bwrap error 30', 'sandbox error 30']],
  ] as const) {
    test(name, () => {
      const tested = [
        { kind: 'docker', result: docker },
        { kind: 'bwrap', result: bwrap },
      ] as const;
      assert.deepEqual(ill(judgeSandboxes(tested)), expected);
    });
  }

  test('what a dead host left running is told, and stopped by --fix alone', async (t) => {
    const killed: string[] = [];
    const left = ['bellhop:i:s:1', 'bellhop:i:s:2'].map((mark) => ({
      mark,
      kill: async () => void killed.push(mark),
    }));
    const runtime = { kind: 'bwrap', selfTest: async () => holds, leftovers: async () => left };
    const runtimes = [runtime as unknown as SandboxRuntime];
    assert.deepEqual(ill(await lookAtSandboxes(groundAt(t, { runtimes }))), []);
    const running = groundAt(t, { runtimes, installId: 'i', isUp: true });
    assert.deepEqual(ill(await lookAtSandboxes(running)), []);
    const found = await lookAtSandboxes({ ...running, isUp: false });
    assert.deepEqual([ill(found), killed], [['leftovers warning 29'], []]);
    await found.find(({ mend }) => mend)?.mend?.();
    assert.equal(killed.length, 2);
  });
});
