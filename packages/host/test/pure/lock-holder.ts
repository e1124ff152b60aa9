/** Takes the lock of the folder it is told, says `mine` or `taken`, and stays until it is killed. For lock.test.ts. */
import { takeLock } from '../../src/lock.ts';

const lock = takeLock(process.argv[2] ?? '');
process.stdout.write(lock ? 'mine\n' : 'taken\n');
// Stdin is the test: when that is gone, so are we.
process.stdin.resume();
process.stdin.on('end', () => process.exit(lock ? 0 : 1));
