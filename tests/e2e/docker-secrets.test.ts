/** Secrets, with Docker. */
import { secretsSuite } from './suites/secrets.ts';

secretsSuite('docker');
