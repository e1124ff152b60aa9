/**
 * A host that dies: starts one sandbox, tells its identity in one line, and waits to be killed with SIGKILL.
 * Usage: node dead-host.ts '{"kind", "dataDir", "spec"}'
 */

import { type BwrapOptions, createBwrapRuntime } from '../../src/sandboxes/bwrap.ts';
import { createDockerRuntime, type DockerOptions } from '../../src/sandboxes/docker/runtime.ts';
import { createNoneRuntime } from '../../src/sandboxes/none.ts';
import type { SandboxRuntime, SandboxSpec } from '../../src/sandboxes/port.ts';

export interface DeadHostOrder {
  readonly kind: SandboxRuntime['kind'];
  readonly options: BwrapOptions & Omit<DockerOptions, 'say'>;
  readonly spec: SandboxSpec;
}

const order = JSON.parse(process.argv[2] ?? '') as DeadHostOrder;
const runtimes = {
  docker: () => createDockerRuntime({ ...order.options, say: console.error }),
  bwrap: () => createBwrapRuntime(order.options),
  none: () => createNoneRuntime(),
};
const runtime = runtimes[order.kind]();
const sandbox = await runtime.start(order.spec);
process.stdout.write(`${sandbox.identity}\n`);
await sandbox.exited;
