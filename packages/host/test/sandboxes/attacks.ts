/**
 * What every real sandbox keeps and `none` cannot: each test is named as the attack that it makes from inside a real
 * sandbox. Where a door could stay shut by accident, the same test shows that the attack works from outside.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  chown,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { createExtraMounts } from '../../src/mounts/mounts.ts';
import { createNoneRuntime } from '../../src/sandboxes/none.ts';
import { type SandboxMount, SandboxUnavailable } from '../../src/sandboxes/port.ts';
import { onCalls } from './calls.ts';
import {
  type House,
  hangBell,
  hostIsRoot,
  type MakeRuntime,
  makeHouse,
  mountNode,
  owner,
  processesWith,
} from './house.ts';
import { dieAfterStart } from './orphan.ts';

/** Where real sandboxes differ, and may. */
export interface Traits {
  /** Namespaces that are its own. */
  readonly own: readonly string[];
  /** Processes that hold a sandbox up or run in it, when it runs one command. */
  readonly holders: number;
  /** Name of a program of the host's that carries the command's words, and that nothing inside can see. */
  readonly client: string | null;
}

export function sandboxAttacks(name: string, make: MakeRuntime, skip: string | false, traits: Traits): void {
  describe(`attacks on a sandbox: ${name}`, { skip }, () => {
    onFiles(make);
    onPrivileges(make, traits);
    onCalls(make);
    onNetwork(make);
    onMarks(make);
  });
}

async function say(house: House, script: string): Promise<string> {
  return (await (await house.runtime.start(house.shell(script))).exited).output;
}

function sayWith(house: House, script: string, mounts: readonly SandboxMount[]): Promise<string> {
  const spec = house.shell(script, { mounts: [...mounts, house.write] });
  return house.runtime.start(spec).then(async (sandbox) => (await sandbox.exited).output);
}

/** Outside of the data folder, where a root host's sandbox may not even walk to: photos to look at, notes to write. */
async function ownersFolder(t: TestContext, house: House) {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'bellhop-owner-')));
  t.after(() => rm(path, { recursive: true }));
  for (const name of ['photos', 'notes', 'secrets']) {
    await mkdir(join(path, name));
    await writeFile(join(path, name, 'file'), name === 'photos' ? 'of the owner\n' : 'secret\n');
    for (const each of [join(path, name), join(path, name, 'file')]) await chown(each, owner.uid, owner.gid);
  }
  const agentMounts = {
    bell: {
      photos: { path: join(path, 'photos'), writable: false },
      notes: { path: join(path, 'notes'), writable: true },
    },
  };
  const settings = { mountRoots: [{ path, writable: true }], agentMounts };
  const shown = async () => {
    const [photos, notes] = await createExtraMounts(settings, [house.dataDir]).of('bell');
    assert.ok(photos && notes);
    return [photos, notes] as const;
  };
  return { path, secrets: join(path, 'secrets'), shown };
}

function onFiles(make: MakeRuntime): void {
  test('P8: attack: changing a read-only mount (write, create, remove, rename, chmod, remount)', async (t) => {
    const house = await makeHouse(t, make);
    await writeFile(join(house.read.source, 'file'), 'before');
    // No permission bit stands in the way: it is the mount that holds.
    await chown(house.read.source, owner.uid, owner.gid);
    await chown(join(house.read.source, 'file'), owner.uid, owner.gid);
    const attempts = [
      ...[
        'echo after > file',
        'echo x > new',
        'rm -f file',
        'mv file moved',
        'chmod 777 file',
        'ln -s / link',
      ],
      ...['mount -o remount,rw,bind .', 'touch -d 2001-01-01 file', 'mkdir folder', 'truncate -s 0 file'],
    ];
    const script = attempts
      .map((attempt) => `(${attempt}) 2>/dev/null && echo "done: ${attempt}"`)
      .join('\n');
    assert.equal(await say(house, `cd ${house.paths.read} || exit\n${script}\necho tried`), 'tried\n');
    assert.deepEqual(await readdir(house.read.source), ['file']);
    assert.equal(await readFile(join(house.read.source, 'file'), 'utf8'), 'before');
  });

  test('attack: writing anywhere else, tried on every mount there is', async (t) => {
    const house = await makeHouse(t, make);
    const script = `while read -r _ _ _ _ at rest; do
      if [ -d "$at" ]; then (: > "$at/probe") 2>/dev/null && echo "$at"; fi
    done < /proc/self/mountinfo; for at in /etc /run /usr/lib /bellhop /proc/sys/kernel; do
      (: > "$at/probe") 2>/dev/null && echo "$at"
    done; (echo x > /proc/sys/kernel/core_pattern) 2>/dev/null && echo core_pattern`;
    const writable = (await say(house, script)).trim().split('\n').toSorted();
    assert.deepEqual(writable, ['/bellhop/write', '/dev/shm', '/tmp']);
    // Where permission bits alone would stand in the way, trying tells nothing: each mount must say by itself that it
    // is read-only. /proc and /dev are the kernel's; the folder of an engine's control groups holds mounts alone.
    const mounts = (await say(house, 'cat /proc/self/mountinfo')).trim().split('\n');
    const open = mounts
      .map((line) => line.split(' '))
      .filter(
        ([, , , , at = '', options = '']) =>
          /^rw\b/.test(options) && !/^\/(proc|dev|sys\/fs\/cgroup$)/.test(at),
      )
      .map(([, , , , at]) => at);
    assert.deepEqual(open.toSorted(), ['/bellhop/write', '/tmp']);
  });

  test('attack: filling the memory of the machine through /tmp and /dev/shm', async (t) => {
    const house = await makeHouse(t, make);
    const fill = (at: string) =>
      `head -c 200000000 /dev/zero > ${at}/big 2>/dev/null; wc -c < ${at}/big; rm ${at}/big`;
    const [tmp, shm] = (await say(house, `${fill('/tmp')}; ${fill('/dev/shm')}`))
      .trim()
      .split('\n')
      .map(Number);
    assert.deepEqual([tmp, shm], [64 * 1024 * 1024, 16 * 1024 * 1024]);
  });

  test('attack: reading the files of the host (home folders, the data folder, other sessions)', async (t) => {
    const house = await makeHouse(t, make);
    await mkdir(join(house.dataDir, 'other'), { mode: 0o777 });
    await writeFile(join(house.dataDir, 'other', 'secret'), 'secret', { mode: 0o666 });
    const planted = [tmpdir(), homedir(), '/var/tmp'].map((place) => join(place, house.canary));
    for (const file of planted) {
      await writeFile(file, 'secret');
      t.after(() => rm(file, { force: true }));
    }
    const seen = await say(house, `ls -d ${planted.join(' ')} ${house.dataDir} 2>/dev/null; ls /bellhop`);
    assert.deepEqual(seen.trim().split('\n').toSorted(), ['read', 'write']);
    const script =
      'cat /etc/shadow /etc/ssl/private/* /proc/1/root/etc/shadow; ls /run/docker.sock /var/run/docker.sock';
    assert.equal(await say(house, `(${script}) 2>/dev/null`), '');
  });

  test('attack: a link in the place of a mount source, to have the host mount /etc', async (t) => {
    const house = await makeHouse(t, make);
    await symlink('/etc', join(house.write.source, 'link'));
    for (const source of [
      join(house.write.source, 'link'),
      join(house.dataDir, '..'),
      house.dataDir,
      '/etc',
    ]) {
      const mounts = [{ source, target: '/bellhop/etc', writable: false }, house.write];
      await assert.rejects(
        house.runtime.start(house.shell('ls /bellhop/etc', { mounts })),
        TypeError,
        source,
      );
    }
  });

  test("attack: changing a folder of the owner's that is shown read-only, beside one that may be written", async (t) => {
    const house = await makeHouse(t, make);
    const outside = await ownersFolder(t, house);
    const mounts = await outside.shown();
    const script = `cd ${house.runtime.inside(mounts[0])}; cat file; for what in 'echo x > file' 'rm file' 'mkdir more' 'chmod 777 .'; do
      (eval "$what") 2>/dev/null && echo "done: $what"; done; echo mine > ${house.runtime.inside(mounts[1])}/new`;
    assert.equal(await sayWith(house, script, mounts), 'of the owner\n');
    assert.equal(await readFile(join(outside.path, 'notes/new'), 'utf8'), 'mine\n');
  });

  for (const [title, swap] of [
    ['a link to the secrets', (path: string, secrets: string) => symlink(secrets, path)],
    ['the secrets themselves', (path: string, secrets: string) => rename(secrets, path)],
  ] as const) {
    test(`attack: a folder of the owner's swapped for ${title} between check and use`, async (t) => {
      const house = await makeHouse(t, make);
      const outside = await ownersFolder(t, house);
      const mounts = await outside.shown();
      await rename(join(outside.path, 'photos'), join(outside.path, 'moved'));
      await swap(join(outside.path, 'photos'), outside.secrets);
      const sandbox = house.runtime.start(
        house.shell(`cat ${house.runtime.inside(mounts[0])}/* > told`, { mounts: [...mounts, house.write] }),
      );
      await assert.rejects(sandbox, (error: Error) => {
        assert.match(error.message, /is not the folder that was checked/);
        return error instanceof SandboxUnavailable;
      });
      assert.deepEqual(await readdir(house.write.source), [], 'the command never ran');
    });
  }

  for (const [title, makeOne, expected] of [
    ['attack: leaving through a descriptor that the host was born with', make, 'shut\n'],
    ['the same without a sandbox does leave', () => createNoneRuntime(), 'left\n'],
  ] as const) {
    test(title, async (t) => {
      const house = await makeHouse(t, makeOne);
      const bell = await hangBell(house);
      const outside = await open('/etc', 'r');
      t.after(() => outside.close());
      const script = `if [ -e /proc/self/fd/40/passwd ]; then echo left; else echo shut; fi > '${bell.path}'; sleep 1000`;
      await dieAfterStart(t, house, house.shell(script), outside.fd);
      assert.equal(await bell.silent, expected);
      for (const left of await house.runtime.leftovers(house.installId)) await left.kill();
    });
  }
}

function onPrivileges(make: MakeRuntime, traits: Traits): void {
  test('L19: what a tool leaves behind is reaped when it ends, so that no dead process keeps a place', async (t) => {
    const house = await makeHouse(t, make);
    const { mount, node } = await mountNode(house);
    // The orphan's own shell has ended: its parent is the init of the sandbox. Its pid is gone once that has reaped it.
    const code = `
      const left = require('child_process').execFileSync('sh', ['-c', 'sleep 0.05 >/dev/null & echo $!']);
      const path = '/proc/' + String(left).trim();
      const look = () => require('fs').existsSync(path) ? setTimeout(look, 5) : console.log('reaped');
      look();`;
    const spec = house.spec([node, '-e', code, house.canary], { mounts: [mount, house.write] });
    assert.match((await (await house.runtime.start(spec)).exited).output, /^reaped$/m);
  });

  test('attack: speaking on the pipes that the runtime keeps for itself', async (t) => {
    const house = await makeHouse(t, make);
    const script = 'for at in 3 4 5 6 7 8 9; do [ -e /proc/$$/fd/$at ] && echo "open: $at"; done; echo tried';
    assert.equal(await say(house, script), 'tried\n');
  });

  test('attack: using capabilities, a setuid program, or the uid of root', async (t) => {
    const house = await makeHouse(t, make);
    const script = `while read -r key value rest; do
      case "$key" in Cap*|NoNewPrivs:|Uid:|Gid:) echo "$key$value $rest";; esac
    done < /proc/self/status; echo "groups $(id -G)"; find /proc/self/fd -mindepth 1 | wc -l`;
    const lines = new Set((await say(house, script)).trim().split('\n'));
    const none = '0000000000000000';
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      assert.ok(lines.has(`${set}:${none} `), set);
    assert.ok(lines.has('NoNewPrivs:1 '), 'a setuid program gains nothing');
    assert.ok(lines.has(`Uid:${owner.uid} ${owner.uid}\t${owner.uid}\t${owner.uid}`), [...lines].join('\n'));
    assert.notEqual(owner.uid, 0);
  });

  test('attack: being root outside while looking harmless inside', async (t) => {
    const house = await makeHouse(t, make);
    assert.equal(await say(house, 'echo x > mine'), '');
    const { uid, gid } = await stat(join(house.write.source, 'mine'));
    assert.deepEqual({ uid, gid }, owner);
  });

  test('attack: gaining rights by taking over the processes that hold the sandbox up', async (t) => {
    const house = await makeHouse(t, make);
    const bell = await hangBell(house);
    const sandbox = await house.runtime.start(house.shell(`echo up > '${bell.path}'; sleep 1000; :`));
    // A process that is just being executed has an empty command line and would not be counted.
    await bell.rung;
    const pids = processesWith(house.canary);
    const statuses = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/status`, 'utf8')));
    const holders = statuses.filter((status) => !status.startsWith(`Name:\t${traits.client}\n`));
    assert.ok(holders.length >= traits.holders, 'what holds it up, and the command');
    for (const status of holders) {
      assert.match(status, /^NoNewPrivs:\t1$/m);
      assert.ok(!/^Uid:.*\b0\b/m.test(status), 'none of them is root');
      if (hostIsRoot) assert.match(status, /^CapBnd:\t0+$/m);
    }
    await sandbox.kill();
  });

  test('attack: new namespaces and mounts', async (t) => {
    const house = await makeHouse(t, make);
    const attempts = [
      'unshare -Ur true',
      'unshare -m true',
      'unshare -n true',
      'mount -t tmpfs none /tmp',
      'umount /tmp',
    ];
    const script = attempts.map((attempt) => `${attempt} 2>/dev/null && echo '${attempt}'`).join('\n');
    assert.equal(await say(house, `${script}\necho tried`), 'tried\n');
  });

  test('attack: seeing and killing processes of the host', async (t) => {
    const house = await makeHouse(t, make);
    const script = `echo /proc/[0-9]*; kill -0 ${process.pid} 2>/dev/null && echo reached; ls /proc/${process.pid} 2>/dev/null`;
    const [pids = '', ...rest] = (await say(house, script)).trim().split('\n');
    assert.ok(pids.split(' ').length <= 3, pids);
    assert.deepEqual(rest, []);
  });

  test('attack: sharing the namespaces of the host', async (t) => {
    const house = await makeHouse(t, make);
    const kinds = traits.own;
    const script = kinds.map((kind) => `readlink /proc/self/ns/${kind}`).join('; ');
    const inside = (await say(house, script)).trim().split('\n');
    const outside = await Promise.all(kinds.map((kind) => readlink(`/proc/self/ns/${kind}`)));
    assert.equal(inside.length, kinds.length);
    assert.deepEqual(
      inside.filter((link) => outside.includes(link)),
      [],
    );
  });
}

function onNetwork(make: MakeRuntime): void {
  test('H3: attack: reaching the network (host ports, abstract sockets, the internet, a name server)', async (t) => {
    const house = await makeHouse(t, make);
    const abstract = `\0${house.canary}`;
    const [port, heard] = [createServer(), createServer()];
    t.after(() => [port.close(), heard.close()]);
    const reached: string[] = [];
    port.on('connection', (socket) => reached.push('port') && socket.destroy());
    heard.on('connection', (socket) => reached.push('abstract') && socket.destroy());
    await Promise.all([
      once(port.listen(0, '0.0.0.0'), 'listening'),
      once(heard.listen(abstract), 'listening'),
    ]);
    const number = (port.address() as AddressInfo).port;
    const targets = [
      { port: number, host: '127.0.0.1' },
      { path: abstract },
      ...['1.1.1.1', '169.254.169.254', '10.0.0.1', '2606:4700:4700::1111'].map((to) => ({
        port: 80,
        host: to,
      })),
      { port: 80, host: 'example.com' },
    ];
    const code = `const net = require('net'), left = ${JSON.stringify(targets)};
      console.log(require('fs').readFileSync('/proc/net/dev', 'utf8').trim().split('\\n').slice(2).map((l) => l.split(':')[0].trim()).join());
      (function next() { const to = left.shift(); if (!to) return console.log('tried');
        const s = net.connect(to, () => { console.log('reached', JSON.stringify(to)); s.destroy(); });
        s.on('error', () => {}); s.on('close', next); })();`;
    const { mount, node } = await mountNode(house);
    const inside = house.spec([node, '-e', code, house.canary], { mounts: [mount, house.write] });
    assert.equal((await (await house.runtime.start(inside)).exited).output, 'lo\ntried\n');
    assert.deepEqual(reached, []);
    // The pair: from outside both can be reached, so it was the sandbox that held.
    await Promise.all([once(connect(number, '127.0.0.1'), 'connect'), once(connect(abstract), 'connect')]);
  });
}

function onMarks(make: MakeRuntime): void {
  test("attack: wearing another session's mark, to have that one killed or oneself overlooked", async (t) => {
    const house = await makeHouse(t, make);
    const bell = await hangBell(house);
    const script = `/bin/sh -c 'echo up > "$1"; sleep 1000' "$0" '${bell.path}' --setenv BELLHOP_MARK bellhop:victim:a:1; :`;
    const sandbox = await house.runtime.start(house.shell(script));
    await bell.rung;
    const marks = async (installId: string) =>
      (await make(house.dataDir).leftovers(installId)).map(({ mark }) => mark);
    assert.deepEqual(await marks('victim'), []);
    assert.deepEqual(await marks(house.installId), [`bellhop:${house.installId}:session:1`]);
    await sandbox.kill();
  });
}
