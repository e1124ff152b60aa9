/** Whether an agent takes a message up, as a table of all cases. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engages } from '../../src/router/engage.ts';

const table = [
  ['always', false, false, true],
  ['always', false, true, true],
  ['always', true, false, true],
  ['always', true, true, true],
  ['mention', false, false, true],
  ['mention', false, true, true],
  ['mention', true, false, false],
  ['mention', true, true, true],
] as const;

for (const [mode, isGroup, isMention, expected] of table) {
  const where = isGroup ? 'a group' : 'a direct message';
  const how = isMention ? 'mentioned' : 'not mentioned';
  test(`an agent wired "${mode}", ${how} in ${where}, ${expected ? 'takes it up' : 'stays silent'}`, () => {
    assert.equal(engages(mode, { isGroup, isMention }), expected);
  });
}
