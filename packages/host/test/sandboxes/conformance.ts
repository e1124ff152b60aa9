/**
 * What every sandbox runtime keeps: life and death. Each test starts the real thing. What only a real sandbox keeps is
 * in attacks.ts.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, chown, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type SandboxRuntime, SandboxUnavailable } from '../../src/sandboxes/port.ts';
import {
  hangBell,
  host,
  type MakeRuntime,
  makeFolder,
  makeHouse,
  mountNode,
  owner,
  processesWith,
} from './house.ts';
import { DAEMON, dieAfterStart } from './orphan.ts';
import { survivors } from './survivors.ts';

export function sandboxConformance(name: string, make: MakeRuntime, skip: string | false): void {
  describe(`sandbox port: ${name}`, { skip }, () => {
    life(make);
    death(make);
    deadHosts(make);
    survivors(make);
  });
}

function life(make: MakeRuntime): void {
  test('a command runs and its exit code and last words are told', async (t) => {
    const house = await makeHouse(t, make);
    const sandbox = await house.runtime.start(house.shell('echo out; echo err >&2; exit 7'));
    const exit = await sandbox.exited;
    assert.deepEqual([exit.code, exit.signal], [7, null]);
    assert.deepEqual(exit.output.trim().split('\n').toSorted(), ['err', 'out']);
    assert.equal(await sandbox.exited, exit, 'exited resolves once, with one value');
  });

  test('a command that does not exist is SandboxUnavailable, not an exit of the session', async (t) => {
    const house = await makeHouse(t, make);
    const rejected = house.runtime.start(house.spec(['/no/such/program', house.canary]));
    await assert.rejects(rejected, (error) => error instanceof SandboxUnavailable && error.hint !== '');
  });

  test('a mark cannot run twice, and can run again after its end', async (t) => {
    const house = await makeHouse(t, make);
    const first = await house.runtime.start(house.shell('sleep 1000'));
    await assert.rejects(house.runtime.start(house.shell('sleep 1000')), TypeError);
    await first.kill();
    const second = await house.runtime.start(house.shell('exit 0'));
    assert.equal((await second.exited).code, 0);
  });

  test('H4: files written inside can be read and removed by the host', async (t) => {
    const house = await makeHouse(t, make);
    const script = 'umask 077; mkdir -p a/b; echo hello > a/b/c; chmod 0 a/b/c; chmod 500 a/b';
    assert.equal((await (await house.runtime.start(house.shell(script))).exited).code, 0);
    await chmod(join(house.write.source, 'a/b/c'), 0o600);
    assert.equal(await readFile(join(house.write.source, 'a/b/c'), 'utf8'), 'hello\n');
    await chmod(join(house.write.source, 'a/b'), 0o700);
    await rm(join(house.write.source, 'a'), { recursive: true });
  });

  test('a Unix socket in a mounted directory can be reached from inside', async (t) => {
    const house = await makeHouse(t, make);
    const run = { source: join(house.dataDir, 'run'), target: '/bellhop/run', writable: false };
    await makeFolder(run.source, 0o2750, { uid: host.hostUid, gid: owner.gid });
    const server = createServer();
    t.after(() => server.close());
    server.listen(join(run.source, 'host.sock'));
    await once(server, 'listening');
    await chown(join(run.source, 'host.sock'), host.hostUid, owner.gid);
    await chmod(join(run.source, 'host.sock'), 0o660);
    const { mount, node } = await mountNode(house);
    const code = `require('net').connect(process.argv[1]).end('ring')`;
    const command = [node, '-e', code, join(house.runtime.inside(run), 'host.sock'), house.canary];
    const connection = once(server, 'connection');
    const sandbox = await house.runtime.start(house.spec(command, { mounts: [mount, run, house.write] }));
    const [socket] = await connection;
    assert.equal(String(await socket.setEncoding('utf8').toArray()), 'ring');
    assert.equal((await sandbox.exited).code, 0);
  });

  test('attack: reading secrets of the host from the environment', async (t) => {
    const house = await makeHouse(t, make);
    process.env.BELLHOP_TEST_CANARY = 'secret-of-the-host';
    t.after(() => delete process.env.BELLHOP_TEST_CANARY);
    // All that can be seen: inside a sandbox that is its own processes, outside its own and its children's.
    const script = `env; cat /proc/self/environ; [ "$SANDBOXED" ] && cat /proc/[0-9]*/environ; echo; echo "[$GIVEN]"`;
    const env = { GIVEN: 'a b', ...(house.runtime.warning === null ? { SANDBOXED: '1' } : {}) };
    const { output } = await (await house.runtime.start(house.shell(script, { env }))).exited;
    assert.ok(output.includes('[a b]'), output);
    assert.ok(!output.includes('secret-of-the-host'), 'it is in there');
  });

  test('attack: writing without end, to fill the memory of the host', async (t) => {
    const house = await makeHouse(t, make);
    const script = `yes 'all work and no play' | head -c 4000000; echo; echo the end`;
    const { output } = await (await house.runtime.start(house.shell(script))).exited;
    assert.ok(Buffer.byteLength(output) <= 16 * 1024, `${output.length}`);
    assert.ok(output.length > 16_000 && output.endsWith('\nthe end\n'));
  });

  test('attack: writing without end, to outlive a kill', async (t) => {
    const house = await makeHouse(t, make);
    const bell = await hangBell(house);
    const sandbox = await house.runtime.start(house.shell(`echo up > '${bell.path}'; exec yes "$0"`));
    await bell.rung;
    await sandbox.kill();
    assert.deepEqual(processesWith(house.canary), []);
    assert.ok((await sandbox.exited).output.length <= 16 * 1024);
  });
}

function death(make: MakeRuntime): void {
  test('kill ends it, twice is as good as once, and once more after its end', async (t) => {
    const house = await makeHouse(t, make);
    const sandbox = await house.runtime.start(house.shell('sleep 1000'));
    await Promise.all([sandbox.kill(), sandbox.kill()]);
    assert.deepEqual(processesWith(house.canary), []);
    const exit = await sandbox.exited;
    assert.ok(exit.signal === 'SIGKILL' || exit.code === 137, JSON.stringify(exit));
    await sandbox.kill();
  });

  test("Ctrl-C in the host's terminal does not reach it", async (t) => {
    const house = await makeHouse(t, make);
    const sandbox = await house.runtime.start(house.shell('sleep 1000; :'));
    // Terminal signals go to a process group of the terminal's session; fields 5 and 6 of stat.
    const groupOf = (pid: number | 'self') =>
      readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')
        .slice(2, 4);
    const groups = processesWith(house.canary).map(groupOf);
    assert.ok(groups.length > 0);
    const [group, session] = groupOf('self');
    for (const own of groups) assert.ok(own[0] !== group && own[1] !== session, String(own));
    await sandbox.kill();
  });

  test('attack: surviving a kill as a daemon (setsid, double fork)', async (t) => {
    const house = await makeHouse(t, make);
    const bell = await hangBell(house);
    const sandbox = await house.runtime.start(house.shell(`${DAEMON(bell.path)}; sleep 1000`));
    await bell.rung;
    assert.ok(processesWith(house.canary).length >= 2, 'the daemon runs');
    await sandbox.kill();
    assert.deepEqual(processesWith(house.canary), [], 'gone at the moment kill resolves');
    await bell.silent;
  });

  test('attack: surviving a kill by being stopped', async (t) => {
    const house = await makeHouse(t, make);
    const bell = await hangBell(house);
    const loop = `/bin/sh -c 'while :; do sleep 1000; done' "$0" &`;
    const script = `${loop} kill -STOP $!; echo up > '${bell.path}'; kill -STOP $$; sleep 1000`;
    const sandbox = await house.runtime.start(house.shell(script));
    await bell.rung;
    assert.ok(processesWith(house.canary).length >= 2);
    await sandbox.kill();
    assert.deepEqual(processesWith(house.canary), []);
  });

  test('attack: leaving a daemon behind at a normal exit', async (t) => {
    const house = await makeHouse(t, make);
    // It leaves only when its daemon stands.
    const script = `mkfifo up && ${DAEMON('up')} && read -r up < up && exit 3`;
    const sandbox = await house.runtime.start(house.shell(script));
    assert.equal((await sandbox.exited).code, 3);
    assert.deepEqual(processesWith(house.canary), [], 'exited resolves only when nothing runs');
  });
}

function deadHosts(make: MakeRuntime): void {
  test('what a dead host left running is found by its mark and killed, by another host', async (t) => {
    const house = await makeHouse(t, make);
    const bell = await hangBell(house);
    await dieAfterStart(t, house, house.shell(`${DAEMON(bell.path)}; sleep 1000`));
    await bell.rung;
    const left = await make(house.dataDir).leftovers(house.installId);
    assert.deepEqual(
      left.map(({ mark }) => mark),
      [`bellhop:${house.installId}:session:1`],
    );
    assert.ok(processesWith(house.canary).length > 0, 'finding does not kill');
    await Promise.all(left.map((leftover) => leftover.kill()));
    assert.deepEqual(processesWith(house.canary), []);
    await left[0]?.kill();
    assert.deepEqual(await house.runtime.leftovers(house.installId), []);
  });

  test("other installs' sandboxes and a host's own are no leftovers", async (t) => {
    const house = await makeHouse(t, make);
    const sandbox = await house.runtime.start(house.shell('sleep 1000'));
    const left = async (runtime: Pick<SandboxRuntime, 'leftovers'>, installId: string) =>
      (await runtime.leftovers(installId)).map(({ mark }) => mark);
    assert.deepEqual(await left(house.runtime, house.installId), [], 'its own');
    const other = make(house.dataDir);
    assert.deepEqual(await left(other, 'another'), []);
    assert.deepEqual(await left(other, house.installId.slice(0, -1)), [], 'a prefix is another install');
    assert.equal((await left(other, house.installId)).length, 1, 'for another host it is one');
    assert.ok(processesWith(house.canary).length > 0);
    await sandbox.kill();
  });
}
