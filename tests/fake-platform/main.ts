/** The fake platform as a process of its own: `main.ts LOG SEED` prints its address, and ends when stdin does. */
import { seeded } from './dice.ts';
import { PlatformLog } from './log.ts';
import { Platform } from './server.ts';

const [logPath = '', seed = '1'] = process.argv.slice(2);
const platform = new Platform(new PlatformLog(logPath), seeded(Number(seed)));
process.stdout.write(`${await platform.listen()}\n`);
// Whoever started it holds the other end: it never outlives him.
process.stdin.resume().on('end', () => process.exit(0));
