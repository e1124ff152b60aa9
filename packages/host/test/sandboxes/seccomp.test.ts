/** bubblewrap's filter of system calls, each of its rules tried from inside, with the filter and without it. */

import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { createBwrapRuntime } from '../../src/sandboxes/bwrap.ts';
import { refusedCalls, seccompFilter } from '../../src/sandboxes/seccomp.ts';
import { type Call, callInside, ENOSYS, EPERM } from './calls.ts';
import { bwrapMissing, host, makeHouse } from './house.ts';

const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
const [CLONE, SOCKET, IOCTL, PERSONALITY] = arch === 'x64' ? [56, 41, 16, 135] : [220, 198, 29, 92];

const refused: readonly Call[] = [
  ...[...refusedCalls(arch)].map(([name, number]) => [name, number, 1] as const),
  ['clone into a new user namespace', CLONE, 0x10000000],
  ['clone into a new network', CLONE, 0x40000000],
  ['a socket to the machine below', SOCKET, 40, 1, 0],
  ["a socket into the kernel's ciphers", SOCKET, 38, 5, 0],
  ['a raw packet socket', SOCKET, 17, 3, 0],
  ['typing on a terminal', IOCTL, 0, 0x5412, 0],
  ['memory that is always executable', PERSONALITY, 0x0400000],
].map(
  ([name, ...rest]) => [String(name).replaceAll(' ', '_').replaceAll("'", ''), ...rest] as unknown as Call,
);

const unknown: readonly Call[] = [
  ['clone3', 435, 0, 0],
  ['newer_than_any_table', 463, 0],
  ['far_beyond', 4_000, 0],
  ['of_the_x32_table', 0x40000000 + 272, 0x10000000],
];

const allowed: readonly Call[] = [
  ['unix_socket', SOCKET, 1, 1, 0],
  ['inet_socket', SOCKET, 2, 1, 0],
  ['personality_asked', PERSONALITY, 0xffffffff],
];

/** A bubblewrap that only keeps the descriptor of the filter open. */
async function unfiltered(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bellhop-seccomp-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'bwrap');
  const script = `n=$#; while [ $n -gt 0 ]; do a=$1; shift; n=$((n-1))
    [ "$a" = --seccomp ] && a=--sync-fd; set -- "$@" "$a"; done; exec bwrap "$@"`;
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await Promise.all([chmod(file, 0o755), chmod(folder, 0o755)]);
  return file;
}

describe('the filter of system calls', { skip: bwrapMissing }, () => {
  test('attack: every call that the tables refuse, every new namespace, every odd socket', async (t) => {
    const house = await makeHouse(t, (dataDir) => createBwrapRuntime({ dataDir, ...host }));
    const answers = await callInside(house, refused);
    assert.equal(answers.size, refused.length);
    assert.deepEqual(
      [...answers].filter(([, answer]) => answer !== EPERM),
      [],
    );
  });

  test('attack: calls that no table knows, as of a newer kernel or another table of numbers', async (t) => {
    const house = await makeHouse(t, (dataDir) => createBwrapRuntime({ dataDir, ...host }));
    const answers = await callInside(house, unknown);
    assert.deepEqual(
      [...answers.values()],
      unknown.map(() => ENOSYS),
    );
  });

  test('what programs need is let through', async (t) => {
    const house = await makeHouse(t, (dataDir) => createBwrapRuntime({ dataDir, ...host }));
    assert.deepEqual(
      [...(await callInside(house, allowed)).values()],
      allowed.map(() => 0),
    );
  });

  test('the same without the filter lets many of them through, so it is the filter that holds', async (t) => {
    const bwrap = await unfiltered(t);
    const house = await makeHouse(t, (dataDir) => createBwrapRuntime({ dataDir, ...host, bwrap }));
    const answers = await callInside(house, [...refused, ...unknown]);
    const through = [...answers]
      .filter(([, answer]) => answer !== EPERM && answer !== ENOSYS)
      .map(([name]) => name);
    // Calls that need no capability, whatever the kernel's settings are.
    for (const name of ['keyctl', 'userfaultfd', 'get_mempolicy', 'kcmp', 'clone3'])
      assert.ok(through.includes(name), `${name}: ${answers.get(name)}`);
    assert.ok(through.length > 20, through.join());
    const { why = '' } = { ...(await house.runtime.selfTest()) } as { why?: string };
    assert.match(why, /system calls are not filtered/, 'and the self-test sees it');
  });
});

test('a processor without a table has no filter, and so no sandbox', () => {
  assert.equal(seccompFilter('riscv64'), null);
  assert.equal(seccompFilter('constructor'), null);
});

test('both processors have a program that ends in an answer on every way', () => {
  for (const name of ['x64', 'arm64']) {
    const program = seccompFilter(name) ?? assert.fail(name);
    const count = program.length / 8;
    assert.equal(program.readUInt16LE((count - 1) * 8), 0x06);
    for (let at = 0; at < count; at += 1) {
      if ((program.readUInt16LE(at * 8) & 0x07) !== 0x05) continue;
      const jumps = [program.readUInt8(at * 8 + 2), program.readUInt8(at * 8 + 3)];
      assert.ok(
        jumps.every((jump) => at + 1 + jump < count),
        `${name}: ${at}`,
      );
    }
  }
});
