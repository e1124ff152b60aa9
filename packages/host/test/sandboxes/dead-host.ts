/**
 * A host that dies: starts one sandbox, tells its identity in one line, and waits to be killed with SIGKILL.
 * Usage: node dead-host.ts '{"kind", "dataDir", "spec"}'
 */

import { type BwrapOptions, createBwrapRuntime } from '../../src/sandboxes/bwrap.ts';
import { createNoneRuntime } from '../../src/sandboxes/none.ts';
import type { SandboxRuntime, SandboxSpec } from '../../src/sandboxes/port.ts';

export interface DeadHostOrder {
  readonly kind: SandboxRuntime['kind'];
  readonly options: BwrapOptions;
  readonly spec: SandboxSpec;
}

const order = JSON.parse(process.argv[2] ?? '') as DeadHostOrder;
const runtime = order.kind === 'bwrap' ? createBwrapRuntime(order.options) : createNoneRuntime();
const sandbox = await runtime.start(order.spec);
process.stdout.write(`${sandbox.identity}\n`);
await sandbox.exited;
