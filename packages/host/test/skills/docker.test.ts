/** Shared skills under attack, with Docker. */
import { dockerMissing, makeDocker } from '../sandboxes/house.ts';
import { skillAttacks } from './attacks.ts';

skillAttacks('docker', makeDocker, dockerMissing);
