/** Secrets, with bubblewrap. */
import { secretsSuite } from './suites/secrets.ts';

secretsSuite('bwrap');
