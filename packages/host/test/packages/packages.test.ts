/** What becomes of an agent's packages: built beside what runs, used when tested, told when not; the engine is a fake. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type KeptPackages, openPackages } from '../../src/packages/packages.ts';
import { SandboxUnavailable } from '../../src/sandboxes/port.ts';
import { openStoreWorld, type StoreWorld } from '../store-world.ts';
import { until } from '../until.ts';
import { FakeImages } from './fake-images.ts';

interface Ground {
  readonly world: StoreWorld;
  readonly images: FakeImages;
  readonly renewed: string[];
  /** In the audit. */
  readonly recorded: string[];
  readonly refusing: { yes: boolean };
  /** Another host on the same store, as after a crash when the last one was not stopped. */
  open(images?: FakeImages | null): Promise<KeptPackages>;
}

async function openGround(t: TestContext): Promise<Ground> {
  const world = await openStoreWorld(t);
  const images = new FakeImages();
  const renewed: string[] = [];
  const recorded: string[] = [];
  const refusing = { yes: false };
  return {
    world,
    images,
    renewed,
    recorded,
    refusing,
    async open(given = images) {
      const packages = await openPackages({
        store: world.store,
        runtime: given === null ? {} : { images: given },
        log: world.log,
        dir: world.dir,
        renew: (agent) => renewed.push(agent),
        record: async (_, names) => {
          if (refusing.yes) throw new Error('the audit cannot be written');
          recorded.push(names);
        },
      });
      t.after(() => packages.stop());
      return packages;
    },
  };
}

const apt = (...names: string[]) => ({ apt: names, npm: [] });

test('W13: the old image is used until the new one has been built and tested', async (t) => {
  const { world, images, renewed, open } = await openGround(t);
  const { id } = world.agent;
  const packages = await open();
  await packages.add(id, apt('jq'));
  await packages.settled();
  const first = packages.imageOf(id);
  assert.equal(first, 'base/agent-bell/jq +');
  const gate = Promise.withResolvers<void>();
  images.gate = gate.promise;
  await packages.add(id, { apt: [], npm: ['prettier'] });
  await until('it is built', () => images.builds.length === 2);
  assert.deepEqual([packages.imageOf(id), packages.view(id).state], [first, 'building']);
  gate.resolve();
  await packages.settled();
  assert.equal(packages.imageOf(id), 'base/agent-bell/jq + prettier');
  assert.deepEqual(renewed, [id, id]);
  // Nothing uses the old one any more.
  assert.deepEqual([...images.there], ['base/agent-bell/jq + prettier']);
});

test('an image that fails its build or self-test is never used, and is told', async (t) => {
  const { world, images, open } = await openGround(t);
  const { id } = world.agent;
  const packages = await open();
  await packages.add(id, apt('jq'));
  await packages.settled();
  images.result = { ok: false, why: 'there is a network inside', install: '' };
  await packages.add(id, apt('evil'));
  await packages.settled();
  assert.equal(packages.imageOf(id), 'base/agent-bell/jq +');
  assert.deepEqual(packages.view(id), {
    agent: id,
    apt: ['evil', 'jq'],
    npm: [],
    state: 'failed',
    why: 'there is a network inside',
  });
  assert.match((await packages.readLog(id, 0)).text, /^building\nNot used: there is a network inside\n$/);
  // The next start does not fail in the same way once more; who asks again has it tried again.
  const next = await open();
  next.start();
  await next.settled();
  assert.equal(images.builds.length, 2);
  images.result = { ok: true };
  await next.add(id, apt('evil'));
  await next.settled();
  assert.equal(next.imageOf(id), 'base/agent-bell/evil jq +');
});

test('a host that dies in the middle builds again at its next start, and uses nothing half made', async (t) => {
  const { world, images, open } = await openGround(t);
  const { id } = world.agent;
  images.gate = new Promise(() => undefined);
  const dead = await open();
  await dead.add(id, apt('jq'));
  await until('it is built', () => images.builds.length === 1);
  // Built, and not tested yet.
  images.there.add(images.builds[0]?.image ?? '');
  images.gate = Promise.resolve();
  const next = await open();
  assert.equal(next.imageOf(id), null);
  next.start();
  await next.settled();
  assert.equal(images.builds.length, 2);
  assert.equal(next.imageOf(id), 'base/agent-bell/jq +');
});

test('a stop breaks a build off without a verdict on it', async (t) => {
  const { world, images, open } = await openGround(t);
  const { id } = world.agent;
  images.gate = new Promise(() => undefined);
  const packages = await open();
  await packages.add(id, apt('jq'));
  await until('it is built', () => images.builds.length === 1);
  await packages.stop();
  images.gate = Promise.resolve();
  const next = await open();
  next.start();
  await next.settled();
  assert.equal(next.view(id).state, 'installed');
});

test('the last word counts, also when it comes while the one before is built', async (t) => {
  const { world, images, open } = await openGround(t);
  const { id } = world.agent;
  const gate = Promise.withResolvers<void>();
  images.gate = gate.promise;
  const packages = await open();
  await packages.add(id, apt('jq'));
  await until('it is built', () => images.builds.length === 1);
  await Promise.all([packages.add(id, apt('graphviz')), packages.remove(id, apt('jq'))]);
  gate.resolve();
  await packages.settled();
  assert.equal(packages.imageOf(id), 'base/agent-bell/graphviz +');
  await packages.remove(id, apt('graphviz'));
  assert.equal(packages.imageOf(id), null);
  await packages.settled();
  assert.deepEqual([packages.view(id).state, [...images.there]], ['none', []]);
});

test('the same list is not built again, a new base is, and an image that was removed comes back', async (t) => {
  const { world, images, open } = await openGround(t);
  const { id } = world.agent;
  const again = async () => {
    const packages = await open();
    packages.start();
    await packages.settled();
    return packages.imageOf(id);
  };
  await (await open()).add(id, apt('jq'));
  assert.equal(await again(), 'base/agent-bell/jq +');
  assert.equal(await again(), 'base/agent-bell/jq +');
  const { length } = images.builds;
  images.base = 'newer';
  assert.equal(await again(), 'newer/agent-bell/jq +');
  images.there.clear();
  assert.equal(await again(), 'newer/agent-bell/jq +');
  assert.equal(images.builds.length, length + 2);
});

test('packages of one agent are not another’s', async (t) => {
  const { world, open } = await openGround(t);
  const other = await world.addAgent('other');
  const packages = await open();
  await packages.add(world.agent.id, apt('jq'));
  await packages.settled();
  assert.equal(packages.imageOf(other.id), null);
});

test('P7: a hostile name changes nothing, whatever good ones stand beside it', async (t) => {
  const { world, images, open } = await openGround(t);
  const packages = await open();
  await assert.rejects(packages.add(world.agent.id, apt('jq', '--flag')), /"--flag" is not the name/);
  await packages.settled();
  assert.deepEqual([packages.view(world.agent.id).apt, images.builds], [[], []]);
});

test('an engine that is down is told, and asked again at the next start', async (t) => {
  const { world, images, open } = await openGround(t);
  const { id } = world.agent;
  images.down = new SandboxUnavailable('the engine does not answer', 'start it');
  const packages = await open();
  await packages.add(id, apt('jq'));
  await packages.settled();
  assert.equal(packages.view(id).why, 'the engine does not answer');
  images.down = null;
  const next = await open();
  next.start();
  await next.settled();
  assert.equal(next.view(id).state, 'installed');
});

test('a sandbox without an image says so, and keeps the list for one that has', async (t) => {
  const { world, open } = await openGround(t);
  const { id } = world.agent;
  await (await open()).add(id, apt('jq'));
  const packages = await open(null);
  packages.start();
  assert.match(packages.impossible?.hint ?? '', /--sandbox docker/);
  assert.equal(packages.imageOf(id), null);
  assert.deepEqual([packages.view(id).state, packages.view(id).apt], ['failed', ['jq']]);
});

test('each change is in the audit first, and what cannot be written there is not done', async (t) => {
  const { world, recorded, refusing, images, open } = await openGround(t);
  const { id } = world.agent;
  const packages = await open();
  await packages.add(id, { apt: ['jq'], npm: ['prettier'] });
  await packages.settled();
  refusing.yes = true;
  await assert.rejects(packages.add(id, apt('hello')), /the audit cannot be written/);
  await packages.settled();
  assert.deepEqual(
    [recorded, packages.view(id).apt, images.builds.length],
    [['apt jq, npm prettier'], ['jq'], 1],
  );
});
