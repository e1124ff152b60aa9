/** The port's conformance suite and the attacks, on bubblewrap, as the user who runs the tests. */

import { createBwrapRuntime } from '../../src/sandboxes/bwrap.ts';
import { sandboxAttacks } from './attacks.ts';
import { sandboxConformance } from './conformance.ts';
import { bwrapMissing, host, hostIsRoot, type MakeRuntime } from './house.ts';

const make: MakeRuntime = (dataDir) => createBwrapRuntime({ dataDir, ...host });
const name = `bwrap, host is ${hostIsRoot ? 'root' : 'an ordinary user'}`;

sandboxConformance(name, make, bwrapMissing);
sandboxAttacks(name, make, bwrapMissing);
