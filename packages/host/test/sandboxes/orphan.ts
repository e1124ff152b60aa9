/** Sandboxes whose host is dead: made by a host of their own that is killed with SIGKILL. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { DeadHostOrder } from './dead-host.ts';
import { docker, type House, host } from './house.ts';

/** A sleeper in a session of its own, orphaned, with the bell's writing end open. Rings when it stands. */
export const DAEMON = (bell: string) =>
  `(setsid /bin/sh -c 'exec 9>"$1"; echo up >&9; while :; do sleep 1000; done' "$0" '${bell}' &)`;

/**
 * Starts the spec in a host of its own and kills that host with SIGKILL. Returns the sandbox's identity. The host is
 * born with `born` as its descriptor 40 (Node closes the low ones to its children by itself).
 */
export async function dieAfterStart(
  t: TestContext,
  house: House,
  spec: DeadHostOrder['spec'],
  born: number | 'ignore' = 'ignore',
): Promise<string> {
  const order: DeadHostOrder = {
    kind: house.runtime.kind,
    options: { dataDir: house.dataDir, ...host, ...docker },
    spec,
  };
  const file = join(import.meta.dirname, 'dead-host.ts');
  const gap = Array.from({ length: 37 }, () => 'ignore' as const);
  const dying = spawn(process.execPath, [file, JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'inherit', ...gap, born],
  });
  t.after(() => dying.kill('SIGKILL'));
  assert.ok(dying.stdout);
  const [line] = await once(dying.stdout.setEncoding('utf8'), 'data');
  const ended = once(dying, 'exit');
  dying.kill('SIGKILL');
  await ended;
  return String(line).trim();
}
