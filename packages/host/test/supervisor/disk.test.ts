/** Bounds on disk: no wake below the reserve, a stop for what takes too much, and nothing counted that need not be. */
import assert from 'node:assert/strict';
import { linkSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createDisk } from '../../src/disk.ts';
import { tempFolder } from '../temp-folder.ts';
import { until } from '../until.ts';
import { hangingAtWork } from './behaviours.ts';
import { type House, notices, openHouse } from './world.ts';

const MIB = 1024 * 1024;
const limits = { memoryBytes: 1, pids: 1, cpus: 1, fileBytes: 1, diskBytes: 100 * MIB };

/** Its turn runs, and the disk is looked at from now on. */
async function working(house: House): Promise<void> {
  house.runtime.next = [hangingAtWork];
  await house.say('m1');
  await until('it works', () => house.supervisor.summary().working === 1);
}

describe('a disk that fills up', () => {
  test('below the reserve nothing is woken; the sender is told once, and it goes on when there is space', async (t) => {
    const house = await openHouse(t, { minFreeDiskBytes: 500 * MIB });
    house.disk.free = 499 * MIB;
    const session = await house.say('m1');
    await until('it is told', () =>
      notices(house).some((text) => /disk is almost full \(499 MiB free\)/.test(text)),
    );
    assert.equal(house.runtime.lives.length, 0, 'no sandbox was started');
    house.disk.free = 500 * MIB;
    // Whether its timer is set already or not: the time of its next try is over, once.
    await until('it waits', () => house.supervisor.waitingFor(session.id) !== null);
    house.clock.advance(60_000);
    await house.end('m1', 'answered');
    assert.deepEqual(
      (await house.generations()).map(({ costs }) => costs),
      [0, 0],
      'no try was charged',
    );
  });

  test('attack: filling the workspace: stopped when the free space has fallen, charged, and kept asleep until it is removed', async (t) => {
    const house = await openHouse(t, { limits });
    house.disk.free = 1_000_000 * MIB;
    await working(house);
    house.disk.held = 101 * MIB;
    house.disk.free -= 100 * MIB;
    house.clock.advance(1_000);
    await until('it is stopped', async () => (await house.generations()).some((g) => g.costs === 1));
    assert.match((await house.generations())[0]?.reason ?? '', /its files take more than 100 MiB of disk/);
    await until('it waits', () => notices(house).some((text) => text.includes('more than 100 MiB of disk')));
    assert.equal(house.runtime.lives.length, 1, 'not woken again');
    house.disk.held = 0;
    house.clock.advance(house.clock.nextInMs ?? 0);
    await house.end('m1', 'answered');
  });

  test('an almost full disk stops what runs, and charges nobody', async (t) => {
    const house = await openHouse(t, { minFreeDiskBytes: 500 * MIB });
    await working(house);
    house.disk.free = 1;
    house.clock.advance(1_000);
    await until('it is stopped', async () => (await house.generations()).some((g) => g.reason !== null));
    const [first] = await house.generations();
    assert.deepEqual([first?.reason, first?.costs], ['the disk was almost full', 0]);
  });

  test('while the free space stays, folders are counted once a minute', async (t) => {
    const house = await openHouse(t);
    await working(house);
    for (let n = 0; n < 130; n += 1) {
      house.clock.advance(1_000);
      await until('the next look is set', () => house.clock.isSetFor(house.clock.now() + 1_000));
    }
    assert.ok(house.disk.counted >= 2 && house.disk.counted <= 3, `${house.disk.counted}`);
  });
});

describe('what folders hold', () => {
  test('files by what they take of the disk, names by the least that a name costs', async (t) => {
    const dir = tempFolder(t);
    const disk = createDisk(dir);
    assert.ok((await disk.freeBytes()) > 0);
    mkdirSync(join(dir, 'a/b'), { recursive: true });
    writeFileSync(join(dir, 'a/b/file'), Buffer.alloc(100_000, 1));
    for (let n = 0; n < 50; n += 1) writeFileSync(join(dir, `a/${n}`), '');
    const held = await disk.heldBytes([join(dir, 'a'), join(dir, 'missing')], 1e9);
    assert.ok(held >= 100_000 + 50 * 4_096 && held < 400_000, `${held}`);
  });

  test('attack: sums that mislead: a sparse file, a link to another folder, a link that leads to itself', async (t) => {
    const dir = tempFolder(t);
    mkdirSync(join(dir, 'big'));
    writeFileSync(join(dir, 'big/file'), Buffer.alloc(3_000_000, 1));
    mkdirSync(join(dir, 'own'));
    writeFileSync(join(dir, 'own/sparse'), '');
    truncateSync(join(dir, 'own/sparse'), 1e11);
    symlinkSync('../big', join(dir, 'own/elsewhere'));
    symlinkSync('.', join(dir, 'own/self'));
    linkSync(join(dir, 'own/sparse'), join(dir, 'own/again'));
    assert.ok((await createDisk(dir).heldBytes([join(dir, 'own')], 1e12)) < 100_000);
  });

  test('attack: names without end: counting ends when it is enough', async (t) => {
    const dir = tempFolder(t);
    for (let n = 0; n < 1_000; n += 1) writeFileSync(join(dir, `${n}`), '');
    const held = await createDisk(dir).heldBytes([dir], 100 * 4_096);
    assert.equal(held, 101 * 4_096);
  });
});
