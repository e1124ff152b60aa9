/**
 * System calls made from inside by number, with Perl (part of every Debian): a shell's programs would only tell that
 * something failed, not by whom.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type House, type MakeRuntime, makeHouse } from './house.ts';

export const EPERM = 1;
export const ENOSYS = 38;

/** With arguments that an ordinary process is let through with, or is told something else than EPERM. */
export type Call = readonly [name: string, number: number, ...args: readonly number[]];

const X64 = process.arch === 'x64';
const CORE: readonly Call[] = [
  ['keyctl', X64 ? 250 : 219, 1, 0],
  ['add_key', X64 ? 248 : 217, 0, 0, 0, 0, 0],
  ['request_key', X64 ? 249 : 218, 0, 0, 0, 0],
  ['userfaultfd', X64 ? 323 : 282, 1],
  ['perf_event_open', X64 ? 298 : 241, 0, 0, 0, 0, 0],
  ['io_uring_setup', 425, 1, 0],
  ['unshare', X64 ? 272 : 97, 0x10000000],
  ['socket', X64 ? 41 : 198, 38, 5, 0],
];

/** The error of each call; 0 for one that succeeded. */
export async function callInside(house: House, calls: readonly Call[]): Promise<Map<string, number>> {
  const lines = calls.map(([name, number, ...args]) => {
    const given = [number, ...args, 0, 0, 0, 0, 0].slice(0, 6).join(', ');
    return `$! = 0; print "${name} ", (syscall(${given}) < 0 ? $! + 0 : 0), "\\n";`;
  });
  const spec = house.spec([
    '/usr/bin/perl',
    '-e',
    `$| = 1; ${lines.join('\n')} print "end 0\\n";`,
    house.canary,
  ]);
  const { output } = await (await house.runtime.start(spec)).exited;
  const answers = new Map(
    output
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
      .map(([name = '', n]) => [name, Number(n)]),
  );
  assert.ok(answers.delete('end'), output);
  return answers;
}

export function onCalls(make: MakeRuntime): void {
  test('attack: system calls that no agent needs (keys, BPF, io_uring, tracing the kernel, odd sockets)', async (t) => {
    const house = await makeHouse(t, make);
    const answers = await callInside(house, CORE);
    assert.equal(answers.size, CORE.length);
    for (const [name, answer] of answers) {
      // Engines' own filters differ in these, and older ones let both through.
      if (house.runtime.kind === 'docker' && ['socket', 'io_uring_setup'].includes(name)) continue;
      assert.ok(answer === EPERM || answer === ENOSYS, `${name}: ${answer}`);
    }
  });
}
