/**
 * The real host program with two things more: the fake platform as two channels (one with keys, one without), and
 * sandboxes whose runners can be struck at their points (packages/mailbox/src/point.ts). It takes `up`'s options.
 */
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { main } from '../../packages/host/src/main.ts';
import type { SandboxRuntime, SandboxSpec } from '../../packages/host/src/sandboxes/port.ts';
import { fakePlatformChannel } from '../../tests/fake-platform/channel.ts';

const INSIDE = '/points';

/** The same runtime; each sandbox sees its session's folder of armed points. */
function withPoints(runtime: SandboxRuntime, points: string): SandboxRuntime {
  // Not a spread: a runtime may keep its methods on its prototype.
  return Object.assign(Object.create(runtime) as SandboxRuntime, {
    async start(spec: SandboxSpec) {
      const source = join(points, spec.mark.split(':')[2] ?? '');
      await mkdir(source, { recursive: true });
      // The runner is another user, and takes away the file that strikes it.
      await chmod(source, 0o777);
      const mounts = [...spec.mounts, { source, target: INSIDE, writable: true }];
      return runtime.start({ ...spec, mounts, env: { ...spec.env, BELLHOP_POINTS: INSIDE } });
    },
  });
}

const { TORTURE_PLATFORM: platform = '', TORTURE_POINTS: points = '' } = process.env;
process.exit(
  await main({
    channels: [fakePlatformChannel('keyed', platform, true), fakePlatformChannel('plain', platform, false)],
    around: (runtime) => withPoints(runtime, points),
  }),
);
