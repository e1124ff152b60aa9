/** Folders of the owner's: which are shown, and which are refused with what words. The mounts themselves: sandboxes/attacks.ts. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type FolderFacts, judgeFolder } from '../../src/mounts/judge.ts';
import { lookThrough } from '../../src/mounts/look.ts';
import { createExtraMounts } from '../../src/mounts/mounts.ts';
import { SandboxUnavailable } from '../../src/sandboxes/port.ts';

const FACTS: FolderFacts = {
  path: '/home/me/work/site',
  writable: false,
  roots: [{ path: '/home/me/work', writable: false }],
  own: ['/home/me/work/bellhop', '/home/me/.bellhop'],
  mountPoints: ['/', '/home/me/work/site'],
};

test('a folder is shown only for a reason, and refused for the first one against it', () => {
  const anywhere = [{ path: '/', writable: true }];
  const cases: readonly (readonly [change: Partial<FolderFacts>, RegExp | null])[] = [
    [{}, null],
    [{ path: '/home/me/work' }, /bellhop is Bellhop's own/],
    [{ path: '/home/me/works' }, /none of mountRoots/],
    [{ roots: [] }, /none of mountRoots/],
    [{ writable: true }, /lets it be written/],
    [{ writable: true, roots: anywhere }, null],
    [{ path: '/home/me/work/.ssh' }, /\.ssh in its path/],
    [{ path: '/home/me/work/.SSH/sub' }, /\.SSH in its path/],
    [{ path: '/home/me/work/my.ssh.notes' }, null],
    [{ path: '/etc', roots: anywhere }, /\/etc is the machine's own/],
    [{ path: '/', roots: anywhere }, /machine's own/],
    [{ path: '/proc/1/root', roots: anywhere }, /\/proc is the machine's own/],
    [{ path: '/home/me/.bellhop/sessions', roots: anywhere }, /Bellhop's own/],
    [{ path: '/home/me/work/bellhop/packages' }, /Bellhop's own/],
    [{ mountPoints: ['/home/me/work/site/usb'] }, /mounted in it, at \/home\/me\/work\/site\/usb/],
  ];
  for (const [change, reason] of cases) {
    const said = judgeFolder({ ...FACTS, ...change });
    if (reason === null) assert.equal(said, null, JSON.stringify(change));
    else assert.match(said ?? '', reason, JSON.stringify(change));
  }
});

const SECRETS = [
  ...['.ssh', '.gnupg', '.aws', '.azure', '.gcloud', 'gcloud', '.kube', '.docker', '.password-store'],
  ...['.netrc', '.git-credentials', '.pgpass', '.vault-token', '.pypirc'],
  ...['id_rsa', 'id_dsa', 'id_ecdsa', 'id_ed25519'],
  ...['Keychains', 'keyrings', '.keychain', 'kwalletd', 'login.keychain-db'],
  ...['docker.sock', 'podman.sock', 'containerd.sock', 'crio.sock'],
];

test('attack: each kind of secret, by its usual names: as the folder, on the way to it, and deep in it', async (t) => {
  const { dir, refusal } = home(t);
  for (const name of SECRETS) {
    for (const path of [`/home/me/work/${name}`, `/home/me/work/${name}/more`])
      assert.match(judgeFolder({ ...FACTS, path }) ?? '', /in its path holds secrets/, path);
    const deep = join(dir, 'work/site/deep', name);
    mkdirSync(deep);
    assert.ok((await refusal('work/site'))?.includes(`deep/${name} holds secrets`), name);
    rmSync(deep, { recursive: true });
  }
  assert.equal(await refusal('work/site'), null);
});

test("attack: a place of the machine's own, and what lies in it", () => {
  const roots = [{ path: '/', writable: true }];
  for (const path of ['/proc', '/sys', '/dev', '/run', '/var/run', '/var/lib/docker', '/boot', '/etc'])
    for (const shown of [path, `${path}/more`])
      assert.equal(judgeFolder({ ...FACTS, roots, path: shown }), `${path} is the machine's own`);
});

interface Home {
  readonly dir: string;
  /** What becomes of this folder when it is asked for: null when it is shown. */
  refusal(path: string, writable?: boolean): Promise<string | null>;
}

function home(t: TestContext): Home {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'bellhop-home-')));
  t.after(() => rmSync(dir, { recursive: true }));
  for (const path of ['work/site/deep/er', 'works', '.ssh', 'data/agents'])
    mkdirSync(join(dir, path), { recursive: true });
  return {
    dir,
    async refusal(path, writable = false) {
      const settings = {
        mountRoots: [{ path: join(dir, 'work'), writable: false }],
        agentMounts: { bell: { it: { path: join(dir, path), writable } } },
      };
      const mounts = createExtraMounts(settings, [join(dir, 'data')]);
      const told = await mounts.refusals();
      try {
        assert.deepEqual(await mounts.of('another'), [], 'it is for that agent alone');
        const [mount] = await mounts.of('bell');
        assert.deepEqual(told, []);
        assert.equal(mount?.target, '/workspace/extra/it');
        return null;
      } catch (error) {
        assert.ok(error instanceof SandboxUnavailable, String(error));
        assert.deepEqual(told, [error.message], 'whoever starts the host is told the same');
        return error.message;
      }
    },
  };
}

test('attack: a link in an allowed folder that leads out of it', async (t) => {
  const { dir, refusal } = home(t);
  assert.equal(await refusal('work/site'), null);
  symlinkSync(join(dir, '.ssh'), join(dir, 'work/keys'));
  symlinkSync(join(dir, 'works'), join(dir, 'work/more'));
  symlinkSync(join(dir, 'data'), join(dir, 'work/data'));
  for (const path of ['work/more', 'works', 'work/site/../../works', 'work/keys', 'work/data'])
    assert.match((await refusal(path)) ?? '', /none of mountRoots/, path);
  assert.match((await refusal('work/gone')) ?? '', /is not there/);
  assert.match((await refusal('work/site', true)) ?? '', /lets it be written/);
});

test('P22: attack: secrets deep below a harmless folder, and under a name in other letters', async (t) => {
  const { dir, refusal } = home(t);
  mkdirSync(join(dir, 'work/site/deep/er/.Aws'));
  assert.match((await refusal('work/site')) ?? '', /work\/site\/deep\/er\/\.Aws holds secrets/);
  rmSync(join(dir, 'work/site/deep/er/.Aws'), { recursive: true });
  writeFileSync(join(dir, 'work/site/deep/id_ed25519'), '');
  assert.match((await refusal('work/site')) ?? '', /id_ed25519 holds secrets/);
});

test('attack: a socket in a shown folder, as a way out of the sandbox', async (t) => {
  const { dir, refusal } = home(t);
  const server = createServer().listen(join(dir, 'work/site/s'));
  t.after(() => server.close());
  await once(server, 'listening');
  assert.match((await refusal('work/site')) ?? '', /site\/s is a socket/);
});

test('attack: a folder without end is not looked through, and not shown', async (t) => {
  const { dir } = home(t);
  for (let n = 0; n < 20; n += 1) mkdirSync(join(dir, 'work/site', `${n}`));
  const { forbidden } = await lookThrough(join(dir, 'work/site'), 20);
  assert.match(forbidden ?? '', /more than 20/);
  assert.equal((await lookThrough(join(dir, 'work/site'), 22)).forbidden, null);
});

test('attack: a link put on the way after the path was resolved', async (t) => {
  const { dir } = home(t);
  symlinkSync(join(dir, 'work'), join(dir, 'way'));
  await assert.rejects(lookThrough(join(dir, 'way/site'), 100), /leads to .*work\/site by now/);
  await assert.rejects(lookThrough(join(dir, 'way'), 100), { code: /ELOOP|ENOTDIR/ });
});

test('an agent named like something that every object has gets nothing', async () => {
  const mounts = createExtraMounts({ mountRoots: [], agentMounts: {} }, []);
  assert.deepEqual(await mounts.of('constructor'), []);
});
