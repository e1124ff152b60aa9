/**
 * A host of nothing but an egress process with an open door, to be killed: `DATA [BASE-URL of its model]`. Says one word
 * when that is up.
 */
import { systemClock } from '../../src/clock.ts';
import { EgressProcess } from '../../src/egress/process.ts';
import { makeFolder } from '../../src/folders.ts';

const folders = { dataDir: process.argv[2] ?? '', user: null };
const baseUrl = process.argv[3];
const endpoint = baseUrl === undefined ? null : ({ provider: 'compatible', model: 'm', baseUrl } as const);
const quiet = () => undefined;
await makeFolder(folders, 'private', 'egress');
const log = { info: quiet, warn: quiet, error: quiet };
const egress = new EgressProcess({ folders, clock: systemClock, log, env: { OLLAMA_HOST: '127.0.0.1:9' } });
egress.start();
const dir = await makeFolder(folders, 'shared', 'run', 's');
await egress.open({ dir, session: 's', agent: 'bell', generation: 1, endpoint });
process.stdout.write('up\n');
