/** `settings.json`: defaults, and mistakes that are told. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { BadSettings, limitsOf, readSettings } from '../../src/settings.ts';
import { tempFolder } from '../temp-folder.ts';

function folderWith(t: TestContext, text: string | Uint8Array): string {
  const dir = tempFolder(t);
  writeFileSync(join(dir, 'settings.json'), text);
  return dir;
}

describe('readSettings', () => {
  test('without a file every setting has its default', (t) => {
    const settings = readSettings(tempFolder(t));
    assert.equal(settings.maxFileBytes, 25 * 1024 * 1024);
    assert.equal(settings.maxTries, 5);
    assert.equal(settings.idleStopMs, 600_000);
    assert.equal(settings.claimStuckMs, 60_000);
    assert.equal(settings.progressStuckMs, 1_800_000);
  });

  test('W12: how many sandboxes may run comes from the memory, unless it is set', (t) => {
    const { maxAwake } = readSettings(tempFolder(t));
    assert.ok(Number.isInteger(maxAwake) && maxAwake >= 1 && maxAwake <= 64);
    assert.equal(readSettings(folderWith(t, '{"maxAwake": 3}')).maxAwake, 3);
  });

  test('what is set counts, the rest keeps its default', (t) => {
    const settings = readSettings(folderWith(t, '{"maxTries": 2, "retryBaseMs": 10}'));
    assert.deepEqual([settings.maxTries, settings.retryBaseMs, settings.batchSize], [2, 10, 10]);
  });

  test('limits are those of the sandbox, for all agents, or for one by its name', (t) => {
    const plain = readSettings(tempFolder(t));
    assert.deepEqual(plain.limits, {
      memoryBytes: 2 ** 30,
      pids: 256,
      cpus: 1,
      fileBytes: 2 ** 30,
      diskBytes: 4 * 2 ** 30,
    });
    assert.deepEqual(limitsOf(plain, 'constructor'), plain.limits);
    const text = '{"limits": {"pids": 64}, "agentLimits": {"ada": {"memoryBytes": 536870912}}}';
    const settings = readSettings(folderWith(t, text));
    assert.deepEqual(limitsOf(settings, 'ada'), { ...plain.limits, pids: 64, memoryBytes: 2 ** 29 });
    assert.deepEqual(limitsOf(settings, 'bob'), { ...plain.limits, pids: 64 });
  });

  const mistakes = [
    '',
    'no json',
    '[]',
    'null',
    '{"maxTries": "5"}',
    '{"maxTries": 0}',
    '{"batchSize": 101}',
    '{"idleStopMs": -1}',
    '{"maxtries": 5}',
    '{"maxAwake": 1.5}',
    '{"limits": {"memoryBytes": 1}}',
    '{"limits": {"memory": 1073741824}}',
    '{"agentLimits": {"ada": {"pids": "64"}}}',
  ];
  for (const text of mistakes) {
    test(`L14: ${text || 'an empty file'} is an error that names the file, never a silent default`, (t) => {
      const dir = folderWith(t, text);
      assert.throws(
        () => readSettings(dir),
        (error) => error instanceof BadSettings && error.message.startsWith(join(dir, 'settings.json')),
      );
    });
  }
});
