/** Folders of the owner's, with bubblewrap. */
import { mountsSuite } from './suites/mounts.ts';

mountsSuite('bwrap');
