/**
 * A real sandbox of each kind tries to break out: network, mounts, capabilities, system calls, bounds. And whether anything
 * of a dead host still runs.
 */
import type { SandboxRuntime, SelfTest } from '../sandboxes/port.ts';
import { whileNoHostRuns } from './alone.ts';
import { type Finding, type Look, ok } from './port.ts';

const NAMES: Readonly<Record<SandboxRuntime['kind'], string>> = {
  docker: 'Docker',
  bwrap: 'bubblewrap',
  none: 'no sandbox',
};
/** Memory, processes and CPU. */
const BOUNDED = 4;

export const lookAtSandboxes: Look = async ({ dataDir, runtimes, installId, isUp }) => {
  const tested = await Promise.all(
    runtimes.map(async (runtime) => ({ kind: runtime.kind, result: await runtime.selfTest() })),
  );
  const left = installId === null || isUp ? [] : await leftovers(dataDir, runtimes, installId);
  return [...judge(tested), ...left];
};

/** Pure. One that holds is enough; the other may be missing, but not be broken in silence. */
export function judge(
  tested: readonly { readonly kind: SandboxRuntime['kind']; readonly result: SelfTest }[],
): Finding[] {
  const holds = tested.some(({ result }) => result.ok);
  const found = tested.flatMap(({ kind, result }): Finding[] => {
    const name = NAMES[kind];
    if (result.ok) {
      const weak = (result.warnings ?? []).map((what): Finding => {
        const fix =
          'Start it where control groups can be written (as root, or by systemd with Delegate=yes).';
        return { id: `${kind}-bounds`, severity: 'warning', promise: BOUNDED, what, fix };
      });
      return [ok(kind, `${name}: a real sandbox tried its doors, and none was open.`, 2), ...weak];
    }
    if (result.absent && holds)
      return [{ id: kind, severity: 'info', what: `${name}: ${result.why}.`, fix: result.install }];
    const severity = holds ? 'warning' : 'error';
    return [{ id: kind, severity, promise: 30, what: `${name}: ${result.why}.`, fix: result.install }];
  });
  if (holds) return found;
  const what = 'No sandbox holds on this machine, so no agent can run.';
  const last = tested.map(({ result }) => result).findLast((result) => !result.ok);
  const fix = last ? last.install : 'Start it with --sandbox auto.';
  return [...found, { id: 'sandbox', severity: 'error', promise: 30, what, fix }];
}

async function leftovers(
  dataDir: string,
  runtimes: readonly SandboxRuntime[],
  installId: string,
): Promise<Finding[]> {
  const found = await Promise.all(runtimes.map((runtime) => runtime.leftovers(installId).catch(() => [])));
  const all = found.flat();
  if (all.length === 0) return [ok('leftovers', 'Nothing of an earlier host runs.', 29)];
  const count = all.length === 1 ? 'One sandbox' : `${all.length} sandboxes`;
  return [
    {
      id: 'leftovers',
      severity: 'warning',
      promise: 29,
      what: `${count} of a dead host still run; the next start takes over what is whole and stops the rest.`,
      fix: './bellhop up',
      mend: () =>
        whileNoHostRuns(dataDir, async () => {
          await Promise.all(all.map((one) => one.kill()));
          return `${count} stopped, and verified gone.`;
        }),
    },
  ];
}
