/** Folders of the owner's, with Docker. */
import { mountsSuite } from './suites/mounts.ts';

mountsSuite('docker');
