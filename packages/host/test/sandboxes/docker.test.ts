/** The port's conformance suite and the attacks, on Docker, as the user who runs the tests. */

import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before } from 'node:test';
import { sandboxAttacks } from './attacks.ts';
import { sandboxConformance } from './conformance.ts';
import { dockerMissing, hostIsRoot, makeDocker } from './house.ts';
import { limitAttacks } from './limits.ts';

const name = `docker, host is ${hostIsRoot ? 'root' : 'an ordinary user'}`;

before(async () => {
  if (dockerMissing) return;
  const folder = await mkdtemp(join(tmpdir(), 'bellhop-docker-'));
  await chmod(folder, 0o711);
  // Builds the image where that is not there yet. What it finds is not asked for: the attacks find it themselves.
  await makeDocker(folder).selfTest();
  await rm(folder, { recursive: true });
});

sandboxConformance(name, makeDocker, dockerMissing);
limitAttacks(name, makeDocker, dockerMissing, { cpu: true });
sandboxAttacks(name, makeDocker, dockerMissing, {
  // Not the user namespace: an uid inside is that uid outside, without capabilities.
  own: ['pid', 'net', 'ipc', 'uts', 'mnt'],
  // tini and the command.
  holders: 2,
  client: 'docker',
});
