/** Folders of the owner's, on their way into a sandbox; what is shown at all is judged in mounts/. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../until.ts';
import { notices, openHouse } from './world.ts';

test('a folder that may not be shown keeps its agent from starting, at no cost; whoever asks is told why, and it is looked at again', async (t) => {
  const place = realpathSync(mkdtempSync(join(tmpdir(), 'bellhop-place-')));
  t.after(() => rmSync(place, { recursive: true }));
  mkdirSync(join(place, 'photos/.ssh'), { recursive: true });
  const house = await openHouse(t, {
    mountRoots: [{ path: place, writable: false }],
    agentMounts: { bell: { photos: { path: join(place, 'photos'), writable: false } } },
  });
  await house.say('m1');
  await until('it is told', () =>
    notices(house).some((text) => /photos is not shown to bell: .*\.ssh holds secrets/.test(text)),
  );
  assert.equal(house.runtime.lives.length, 0);
  rmSync(join(place, 'photos/.ssh'), { recursive: true });
  await until('it is tried again later', () => house.clock.isSetFor(house.clock.now() + 2_000));
  house.clock.advance(2_000);
  await house.end('m1', 'answered');
  assert.deepEqual(
    (await house.generations()).map(({ costs }) => costs),
    [0, 0],
  );
  const { mounts, command } = house.runtime.last.spec;
  assert.ok(
    mounts.some(({ source, writable, folder }) => source === join(place, 'photos') && !writable && folder),
  );
  const { extraDirs } = JSON.parse(command.at(-1) ?? '') as { extraDirs: unknown };
  // The fake shows it at the path of the host.
  assert.deepEqual(extraDirs, [{ path: join(place, 'photos'), writable: false }]);
});

test('attack: a secret put into a shown folder after it was looked at keeps its agent from its next start', async (t) => {
  const place = realpathSync(mkdtempSync(join(tmpdir(), 'bellhop-place-')));
  t.after(() => rmSync(place, { recursive: true }));
  mkdirSync(join(place, 'photos'));
  const house = await openHouse(t, {
    mountRoots: [{ path: place, writable: false }],
    agentMounts: { bell: { photos: { path: join(place, 'photos'), writable: false } } },
  });
  await house.say('m1');
  await house.end('m1', 'answered');
  house.runtime.last.exit(0);
  await until('it is asleep', () => house.supervisor.summary().awake === 0);
  mkdirSync(join(place, 'photos/.aws'));
  await house.say('m2');
  await until('it is told', () => notices(house).some((text) => /\.aws holds secrets/.test(text)));
  assert.equal(house.runtime.lives.length, 1);
});
