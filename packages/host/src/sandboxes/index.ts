/**
 * Which sandbox this host uses. The choice is made once, by self-test, and never falls back to no sandbox: a person who
 * wants that names it.
 */

import type { SandboxRuntime } from './port.ts';

export { type BwrapOptions, createBwrapRuntime } from './bwrap.ts';
export { createNoneRuntime } from './none.ts';
export * from './port.ts';

export type WantedRuntime = 'auto' | SandboxRuntime['kind'];

export type Choice =
  | { readonly ok: true; readonly runtime: SandboxRuntime }
  | { readonly ok: false; readonly why: string; readonly install: string };

/** `auto`: the first real sandbox that holds. With several refusals the first one is told, the preferred runtime's. */
export async function chooseRuntime(
  wanted: WantedRuntime,
  runtimes: readonly SandboxRuntime[],
): Promise<Choice> {
  const candidates = runtimes.filter(({ kind }) => (wanted === 'auto' ? kind !== 'none' : kind === wanted));
  const refusals: Choice[] = [];
  for (const runtime of candidates) {
    const result = await runtime.selfTest();
    if (result.ok) return { ok: true, runtime };
    refusals.push(result);
  }
  return (
    refusals[0] ?? { ok: false, why: `this host has no sandbox called ${wanted}`, install: '--sandbox auto' }
  );
}
