/** One host per data folder, with real processes: the lock ends with its holder, however that ends. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { readNote, takeLock } from '../../src/lock.ts';
import { tempFolder } from '../temp-folder.ts';

/** A process that says whether it got the lock, and then holds it until it is killed. */
async function holder(t: TestContext, dataDir: string): Promise<{ child: ChildProcess; got: string }> {
  const script = join(import.meta.dirname, 'lock-holder.ts');
  const child = spawn(process.execPath, [script, dataDir], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const [chunk] = await once(child.stdout.setEncoding('utf8'), 'data');
  return { child, got: String(chunk).trim() };
}

describe('takeLock', () => {
  test('of two takers in one process one gets it', (t) => {
    const dir = tempFolder(t);
    const first = takeLock(dir);
    assert.ok(first);
    assert.equal(takeLock(dir), null);
    first.release();
    const second = takeLock(dir);
    assert.ok(second);
    second.release();
  });

  test('of two takers in two processes one gets it', async (t) => {
    const dir = tempFolder(t);
    const { got } = await holder(t, dir);
    assert.equal(got, 'mine');
    assert.equal(takeLock(dir), null);
    assert.equal((await holder(t, dir)).got, 'taken');
  });

  test('W10: kill -9 of the holder frees it at once, with nothing to clean up', async (t) => {
    const dir = tempFolder(t);
    const { child } = await holder(t, dir);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const lock = takeLock(dir);
    assert.ok(lock);
    lock.release();
  });

  test('the holder tells where it is, and takes its note with it', (t) => {
    const dir = tempFolder(t);
    assert.equal(readNote(dir), null);
    const lock = takeLock(dir);
    lock?.note({ pid: 1, url: 'http://127.0.0.1:1/', sandbox: 'bwrap' });
    assert.deepEqual(readNote(dir), { pid: 1, url: 'http://127.0.0.1:1/', sandbox: 'bwrap' });
    lock?.release();
    assert.equal(readNote(dir), null);
  });

  test('a lock that cannot be taken for another reason than a holder is an error, not "it runs already"', () => {
    assert.throws(() => takeLock('/nowhere/at/all'));
  });
});
