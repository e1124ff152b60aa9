/** Promise 25 from inside a real sandbox: what is shown of the owner's folders, and what keeps an agent from starting. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../../../packages/host/test/until.ts';
import { type House, houseFor } from '../house/house.ts';
import { missing, type SandboxKind } from '../house/machine.ts';

const INSIDE = '/workspace/extra/photos';
const CANARY = 'canary-outside-4711';

export function mountsSuite(sandbox: SandboxKind): void {
  test(`attack: promise 25: ${sandbox}: a link out of a shown folder, a write into it, secrets put into it, another folder in its place`, {
    skip: missing[sandbox],
  }, async (t) => {
    const house = houseFor(t, sandbox);
    const [allowed, outside] = [house.path('allowed'), house.path('outside')];
    const photos = join(allowed, 'photos');
    for (const folder of [allowed, outside, photos]) mkdirSync(folder);
    writeFileSync(join(outside, 'secret.txt'), CANARY);
    writeFileSync(join(photos, 'a.txt'), 'a photo');
    symlinkSync(join(outside, 'secret.txt'), join(photos, 'out'));
    // No permission bit keeps the agent from anything here, only the mount.
    for (const folder of [allowed, outside, photos]) chmodSync(folder, 0o777);
    house.writeSettings({
      retryBaseMs: 100,
      mountRoots: [{ path: allowed, writable: false }],
      agentMounts: { bell: { photos: { path: photos, writable: false } } },
    });
    await house.up();
    const { reply } = await house.ask(
      `run cd ${INSIDE}; cat a.txt; echo; cat out; echo mine >new; rm a.txt; cat ${outside}/secret.txt; ls`,
      'main',
    );
    assert.match(reply, /a photo/);
    assert.match(reply, /new: Read-only file system/);
    assert.match(reply, /a\.txt\nout\n/);
    assert.doesNotMatch(reply, new RegExp(CANARY));

    const ssh = join(photos, '.ssh');
    mkdirSync(ssh);
    await isKeptFrom(house, 'm1', /\.ssh holds secrets/);
    rmSync(ssh, { recursive: true });
    await settled(house, 'm1');

    renameSync(photos, `${photos}-away`);
    symlinkSync(outside, photos);
    await isKeptFrom(house, 'm2', /it lies in none of mountRoots/);
    rmSync(photos);
    renameSync(`${photos}-away`, photos);
    await settled(house, 'm2');
    assert.doesNotMatch(JSON.stringify(house.records.conversation('main')), new RegExp(CANARY));
  });
}

/** A host that starts anew starts no sandbox of this agent, and says why in its conversation. */
async function isKeptFrom(house: House, id: string, why: RegExp): Promise<void> {
  await house.host.stop();
  await house.up();
  await house.api.send({ id, text: `run cat ${INSIDE}/secret.txt ${INSIDE}/a.txt` });
  await until('it is told', () =>
    house.records.conversation('main').some(({ kind, text }) => kind !== 'user' && why.test(text)),
  );
  assert.deepEqual(house.sandboxes(), []);
}

async function settled(house: House, id: string): Promise<void> {
  await until(`${id} is answered`, async () => (await house.api.message(id)).body.settled);
}
