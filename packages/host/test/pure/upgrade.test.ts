/** A data folder of an earlier Bellhop is brought up to date at the start, losing nothing. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { deadLetters } from '../../src/store/dead-letters.ts';
import { STORE_STEPS, STORE_VERSION } from '../../src/store/schema.ts';
import { openStore } from '../../src/store/sqlite.ts';
import { tempFolder } from '../temp-folder.ts';

test('a store of the first version keeps its messages, and its dead letters get the time of their acceptance', async (t) => {
  const path = join(tempFolder(t), 'bellhop.db');
  const old = new DatabaseSync(path);
  for (const statement of STORE_STEPS[0] ?? []) old.exec(statement);
  old.exec(`PRAGMA user_version = 1;
    INSERT INTO agents VALUES ('a', 'bell', 'demo', 1);
    INSERT INTO sessions VALUES ('s', 'a', 'shared', 'k', 'terminal', 'c', NULL, 'active', NULL, 1);
    INSERT INTO events VALUES ('terminal', 'm1', 1000);
    INSERT INTO targets VALUES ('s', 'm1', 'terminal', 'failed', 'no key', NULL);
    INSERT INTO targets VALUES ('s', 'm2', 'terminal', 'failed', 'its event is forgotten', NULL);
    INSERT INTO targets VALUES ('s', 'm3', 'terminal', 'enqueued', NULL, NULL)`);
  old.close();
  for (const opening of ['the first', 'the second']) {
    const store = openStore(path);
    const found = await deadLetters(store.read, 10);
    const ends = await store.read.all('SELECT message_id, ended_ms FROM targets ORDER BY message_id');
    const [version] = await store.read.all('PRAGMA user_version');
    await store.close();
    assert.deepEqual(
      found.map(({ message, endedMs }) => [message, endedMs]),
      [
        ['m1', 1000],
        ['m2', 0],
      ],
      opening,
    );
    assert.equal(ends[2]?.ended_ms, null);
    assert.equal(version?.user_version, STORE_VERSION);
  }
});
