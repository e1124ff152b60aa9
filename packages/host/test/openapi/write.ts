/** Writes the description that the host serves; run it, then biome, when openapi.test.ts says that it is out of date. */
import { writeFileSync } from 'node:fs';
import { buildDocument } from './document.ts';

writeFileSync(
  new URL('../../src/api/openapi.json', import.meta.url),
  `${JSON.stringify(buildDocument(), null, 2)}\n`,
);
