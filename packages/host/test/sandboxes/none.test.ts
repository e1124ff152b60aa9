/** No sandbox keeps the port's promises of life and death, and says that it keeps no other. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNoneRuntime } from '../../src/sandboxes/none.ts';
import { sandboxConformance } from './conformance.ts';

sandboxConformance('none', () => createNoneRuntime(), false);

test('no sandbox warns on every reply', () => {
  assert.match(createNoneRuntime().warning ?? '', /outside a sandbox/);
});
