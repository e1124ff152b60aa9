/**
 * Which sandbox this host uses. The choice is made once, by self-test, and never falls back to no sandbox: a person who
 * wants that names it.
 */

import type { SandboxRuntime, SelfTest } from './port.ts';
import type { Installed } from './system-packages.ts';

export { type BwrapOptions, createBwrapRuntime } from './bwrap.ts';
export { createDockerRuntime, type DockerOptions } from './docker/runtime.ts';
export { createNoneRuntime } from './none.ts';
export * from './port.ts';
export { type Installed, InstallInterrupted, installPackage } from './system-packages.ts';

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

/** Installs a package of the system. */
export type InstallPackage = (name: string) => Promise<Installed>;

/**
 * `auto`: the first real sandbox that holds, in the order given. Only when none does, and with `install`, what one lacks is
 * installed and that one tried again. With several refusals that one is told which can be mended by installing, and beside
 * it what is not merely absent; else the first that is not absent; when all are, the last one, which is the easiest to
 * install. Throws what `install` throws.
 */
export async function chooseRuntime(
  wanted: WantedRuntime,
  runtimes: readonly SandboxRuntime[],
  install?: InstallPackage,
): Promise<Choice> {
  const candidates = runtimes.filter(({ kind }) => (wanted === 'auto' ? kind !== 'none' : kind === wanted));
  const refusals = new Map<SandboxRuntime, Refusal>();
  const settle = (runtime: SandboxRuntime, result: SelfTest): Choice | null => {
    if (!result.ok) {
      refusals.set(runtime, result);
      return null;
    }
    refusals.delete(runtime);
    const passedOver = [...refusals.values()].filter(({ absent }) => !absent);
    return { ok: true, runtime, warnings: result.warnings ?? [], passedOver };
  };
  for (const runtime of candidates) {
    const choice = settle(runtime, await runtime.selfTest());
    if (choice) return choice;
  }
  if (install) {
    for (const [runtime, refusal] of [...refusals]) {
      const choice = settle(runtime, await complete(runtime, refusal, install));
      if (choice) return choice;
    }
  }
  return tellOne(wanted, [...refusals.values()]);
}

/** Installs what it lacks, each package once. */
async function complete(
  runtime: SandboxRuntime,
  refusal: Refusal,
  install: InstallPackage,
): Promise<SelfTest> {
  const tried = new Set<string>();
  let result: SelfTest = refusal;
  while (!result.ok && result.lacks !== undefined && !tried.has(result.lacks)) {
    tried.add(result.lacks);
    const installed = await install(result.lacks);
    if (!installed.ok)
      return { ...result, why: `${result.why}, and ${installed.why}`, install: installed.install };
    result = await runtime.selfTest();
  }
  return result;
}

function tellOne(wanted: WantedRuntime, refusals: readonly Refusal[]): Refusal {
  const present = refusals.filter(({ absent }) => !absent);
  const lacking = present.find(({ lacks }) => lacks !== undefined);
  if (lacking) return { ...lacking, why: present.map(({ why }) => why).join('; ') };
  return (
    present[0] ??
    refusals.at(-1) ?? {
      ok: false,
      why: `this host has no sandbox called ${wanted}`,
      install: '--sandbox auto',
    }
  );
}
