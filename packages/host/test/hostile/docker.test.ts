/** What comes out of a Docker sandbox. */
import { dockerMissing, makeDocker } from '../sandboxes/house.ts';
import { hostileAttacks } from './attacks.ts';

hostileAttacks('docker', makeDocker, dockerMissing);
