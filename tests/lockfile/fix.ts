/** Completes package-lock.json (see complete.ts). Type after a change of dependencies: ./node_modules/.bin/node tests/lockfile/fix.ts */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { completed, type Lockfile, missingEntries } from './complete.ts';

const path = join(import.meta.dirname, '..', '..', 'package-lock.json');
const lock = JSON.parse(readFileSync(path, 'utf8')) as Lockfile;
const added = Object.keys(missingEntries(lock));
writeFileSync(path, `${JSON.stringify(completed(lock), null, 2)}\n`);
console.log(`${added.length} added to package-lock.json.`);
