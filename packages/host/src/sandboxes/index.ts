/**
 * Which sandbox this host uses. The choice is made once, by self-test, and never falls back to no sandbox: a person who
 * wants that names it.
 */

import type { SandboxRuntime, SelfTest } from './port.ts';

export { type BwrapOptions, createBwrapRuntime } from './bwrap.ts';
export { createDockerRuntime, type DockerOptions } from './docker/runtime.ts';
export { createNoneRuntime } from './none.ts';
export * from './port.ts';

export type WantedRuntime = 'auto' | SandboxRuntime['kind'];

type Refusal = Extract<SelfTest, { ok: false }>;

export type Choice =
  | {
      readonly ok: true;
      readonly runtime: SandboxRuntime;
      readonly warnings: readonly string[];
      /** What was preferred, is on this machine, and cannot be used. */
      readonly passedOver: readonly Refusal[];
    }
  | Refusal;

/**
 * `auto`: the first real sandbox that holds, in the order given. With several refusals the first one is told that is not
 * merely absent; when all are, the last one, which is the easiest to install.
 */
export async function chooseRuntime(
  wanted: WantedRuntime,
  runtimes: readonly SandboxRuntime[],
): Promise<Choice> {
  const candidates = runtimes.filter(({ kind }) => (wanted === 'auto' ? kind !== 'none' : kind === wanted));
  const refusals: Refusal[] = [];
  for (const runtime of candidates) {
    const result = await runtime.selfTest();
    if (!result.ok) refusals.push(result);
    else {
      const passedOver = refusals.filter(({ absent }) => !absent);
      return { ok: true, runtime, warnings: result.warnings ?? [], passedOver };
    }
  }
  const unknown = {
    ok: false,
    why: `this host has no sandbox called ${wanted}`,
    install: '--sandbox auto',
  } as const;
  return refusals.find(({ absent }) => !absent) ?? refusals.at(-1) ?? unknown;
}
