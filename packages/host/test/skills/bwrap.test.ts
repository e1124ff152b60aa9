/** Shared skills under attack, with bubblewrap. */
import { createBwrapRuntime } from '../../src/sandboxes/bwrap.ts';
import { bwrapMissing, host } from '../sandboxes/house.ts';
import { skillAttacks } from './attacks.ts';

skillAttacks('bwrap', (dataDir) => createBwrapRuntime({ dataDir, ...host }), bwrapMissing);
