/**
 * What every runtime keeps about sandboxes that outlived their host: they are taken over whole, or not at all. Part of
 * the conformance suite.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { hangBell, type MakeRuntime, makeHouse, processesWith } from './house.ts';
import { DAEMON, dieAfterStart } from './orphan.ts';

function isClient(pid: number): boolean {
  try {
    const [program = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return program.endsWith('docker');
  } catch {
    return true; // It ended while we looked.
  }
}

/** Of the sandbox: the dead host's client of the engine is no part of it, and ends by itself a moment after it. */
function insideWith(canary: string): number[] {
  return processesWith(canary).filter((pid) => !isClient(pid));
}

export function survivors(make: MakeRuntime): void {
  test('W10: what a dead host left running is taken over whole, by its mark and identity, and ends like any other', async (t) => {
    const house = await makeHouse(t, make);
    const bell = await hangBell(house);
    const identity = await dieAfterStart(t, house, house.shell(`${DAEMON(bell.path)}; sleep 1000`));
    await bell.rung;
    const next = make(house.dataDir);
    const sandbox = await next.adopt(house.shell('').mark, identity);
    const leftovers = await next.leftovers(house.installId);
    assert.ok(sandbox);
    assert.deepEqual(leftovers, [], 'it is its own now');
    assert.deepEqual([sandbox.mark, sandbox.identity], [house.shell('').mark, identity]);
    assert.equal(await next.adopt(sandbox.mark, identity), null, 'not twice');
    await assert.rejects(next.start(house.shell('exit 0')), TypeError, 'nor started beside it');
    await Promise.all([sandbox.kill(), sandbox.kill()]);
    assert.deepEqual(insideWith(house.canary), [], 'daemons, too');
    assert.deepEqual(await sandbox.exited, { code: null, signal: null, output: '', why: null });
    assert.equal((await (await next.start(house.shell('exit 0'))).exited).code, 0, 'its mark is free again');
  });

  test('W10: one that was taken over and ends by itself is seen to end, with what it left behind', async (t) => {
    const house = await makeHouse(t, make);
    const [bell, word] = [await hangBell(house), await hangBell(house, 'word')];
    const script = `${DAEMON(bell.path)}; read -r go < '${join(house.paths.write, 'go')}'; echo bye > '${word.path}'`;
    await promisify(execFile)('mkfifo', ['-m', '0666', join(house.write.source, 'go')]);
    const identity = await dieAfterStart(t, house, house.shell(script));
    await bell.rung;
    const next = make(house.dataDir);
    const sandbox = await next.adopt(house.shell('').mark, identity);
    assert.ok(sandbox);
    await writeFile(join(house.write.source, 'go'), 'go\n');
    await word.rung;
    await sandbox.exited;
    assert.deepEqual(insideWith(house.canary), []);
  });

  test('W10: a stopped one (SIGSTOP) is whole: it is taken over, and can be killed', async (t) => {
    const house = await makeHouse(t, make);
    const bell = await hangBell(house);
    const identity = await dieAfterStart(t, house, house.shell(`echo up > '${bell.path}'; sleep 1000; :`));
    await bell.rung;
    const pids = insideWith(house.canary);
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    const next = make(house.dataDir);
    const sandbox = await next.adopt(house.shell('').mark, identity);
    assert.ok(sandbox);
    await sandbox.kill();
    assert.deepEqual(insideWith(house.canary), []);
  });

  test('W10: what has gone, or is named wrongly, is not taken over', async (t) => {
    const house = await makeHouse(t, make);
    const identity = await dieAfterStart(t, house, house.shell('sleep 1000'));
    const { mark } = house.shell('');
    const next = make(house.dataDir);
    // Another boot, another moment of its start; each runtime names what it has of these.
    const forged = [
      identity.replace(/"boot":"/, '$&x'),
      identity.replace(/\d(?=\D*$)/, (d) => `${(Number(d) + 1) % 10}`),
    ];
    for (const wrong of ['', 'null', '{}', '[]', ...forged.filter((other) => other !== identity)])
      assert.ok((await next.adopt(mark, wrong)) === null, wrong);
    assert.ok((await next.adopt(`${mark}0`, identity)) === null, 'another mark');
    assert.ok(processesWith(house.canary).length > 0, 'a look kills nothing');
    for (const leftover of await next.leftovers(house.installId)) await leftover.kill();
    assert.ok((await next.adopt(mark, identity)) === null, 'it is gone');
  });
}
