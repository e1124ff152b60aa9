/** What comes out of a bubblewrap sandbox. */
import { createBwrapRuntime } from '../../src/sandboxes/bwrap.ts';
import { bwrapMissing, host } from '../sandboxes/house.ts';
import { hostileAttacks } from './attacks.ts';

hostileAttacks('bwrap', (dataDir) => createBwrapRuntime({ dataDir, ...host }), bwrapMissing);
