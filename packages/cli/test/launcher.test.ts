/**
 * The launcher in a checkout made of almost nothing: npm and Node are shell scripts that write down what they were asked
 * for. Where a test needs npm to be at work, npm waits on a FIFO.
 */
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';

const LAUNCHER = join(import.meta.dirname, '../../../bellhop');
const PACKAGES = join(import.meta.dirname, '../../../system-packages.sh');
const NPM = `#!/bin/sh
echo "$*" >>"$CALLS"
[ ! -p "$STARTED" ] || echo started >"$STARTED"
[ ! -p "$GATE" ] || read -r go <"$GATE"
[ ! -e "$FAIL" ] || { echo "npm error no such package"; exit 7; }
mkdir -p node_modules/.bin
cat >node_modules/.bin/node <<'END'
#!/bin/sh
[ "$1" != --version ] || { echo v26; exit; }
echo "$$|$PWD|\${BELLHOP_DATA-unset}|$*"
END
chmod +x node_modules/.bin/node
`;

interface Checkout {
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  path(name: string): string;
  /** npm's command lines so far. */
  calls(): string[];
}

function checkout(t: TestContext): Checkout {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'bh-')));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const path = (name: string) => join(root, name);
  copyFileSync(LAUNCHER, path('bellhop'));
  copyFileSync(PACKAGES, path('system-packages.sh'));
  writeFileSync(path('package-lock.json'), '{"v": 1}');
  mkdirSync(path('bin'));
  writeFileSync(path('bin/npm'), NPM, { mode: 0o755 });
  writeFileSync(path('bin/node'), '#!/bin/sh\necho 20.1.0\n', { mode: 0o755 });
  const env = {
    PATH: `${path('bin')}:/usr/bin:/bin`,
    CALLS: path('calls'),
    GATE: path('gate'),
    FAIL: path('fail'),
    STARTED: path('started'),
  };
  const calls = () =>
    existsSync(path('calls')) ? readFileSync(path('calls'), 'utf8').trim().split('\n') : [];
  return { root, env, path, calls };
}

function start(
  at: Checkout,
  ...args: string[]
): ReturnType<typeof spawnSync> & { stdout: string; stderr: string } {
  const { env } = at;
  return spawnSync(at.path('bellhop'), args, { env, cwd: '/', encoding: 'utf8', input: '' });
}

/** Started and not waited for; `says` resolves when stderr contains the words, `ended` with the exit. */
function launch(at: Checkout, ...args: string[]) {
  const child: ChildProcessWithoutNullStreams = spawn(at.path('bellhop'), args, { env: at.env, cwd: '/' });
  let err = '';
  const watchers: (() => void)[] = [];
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
    for (const watcher of watchers) watcher();
  });
  child.stdout.resume();
  const ended = new Promise<number | string | null>((resolve) =>
    child.once('close', (code, signal) => resolve(code ?? signal)),
  );
  const says = (words: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (err.includes(words)) resolve();
      };
      watchers.push(look);
      void ended.then(() => reject(new Error(`ended without "${words}": ${err}`)));
      look();
    });
  return { child, ended, says };
}

const CORE = 'install --no-save --omit=dev --include=optional --ignore-scripts --no-audit --no-fund';
const FULL = CORE.replace('--omit=dev', '--include=dev');

test('the first start installs, later ones do not; stdout is the program’s alone', (t) => {
  const at = checkout(t);
  const first = start(at, 'ask', 'a b');
  assert.match(
    first.stdout,
    new RegExp(`^\\d+\\|/\\|unset\\|${at.root}/packages/cli/src/main.ts ask a b\n$`),
  );
  assert.match(first.stderr, /^bellhop: Installing \(first start, about 20 s\) …\nbellhop: Installed\.\n$/);
  assert.equal(start(at, 'status').stderr, '');
  assert.deepEqual(at.calls(), [CORE]);
  writeFileSync(at.path('package-lock.json'), '{"v": 2}');
  assert.match(start(at, 'status').stderr, /the list of packages changed/);
  assert.deepEqual(at.calls(), [CORE, CORE]);
});

test('test needs the full install, which then serves every command', (t) => {
  const at = checkout(t);
  start(at, 'ask');
  assert.match(start(at, 'test', 'cli').stdout, /tests\/run\.ts cli\n$/);
  start(at, 'ask');
  start(at, 'bench');
  assert.deepEqual(at.calls(), [CORE, FULL]);
});

test('the program takes the launcher’s process, folder and words; --data may stand in front', async (t) => {
  const at = checkout(t);
  start(at, 'version');
  symlinkSync(at.path('bellhop'), at.path('bin/link'));
  symlinkSync('link', at.path('bin/bh'));
  const child = spawn(at.path('bin/bh'), ['--data', 'my data', 'up', '--port', '0'], {
    env: at.env,
    cwd: '/usr',
  });
  const [out] = (await child.stdout.toArray()).map(String);
  const [pid, folder, data, words] = (out ?? '').trim().split('|');
  assert.deepEqual([Number(pid), folder, data], [child.pid ?? 0, '/usr', 'my data']);
  // Options for Node itself may stand in front.
  assert.ok((words ?? '').endsWith(`${at.root}/packages/host/src/main.ts --port 0`));
  assert.match(start(at, '--data=x', 'status').stdout, /\|x\|.*main\.ts status\n$/);
  assert.equal(start(at, '--data').status, 2);
});

test('two starts at once install once', async (t) => {
  const at = checkout(t);
  execFileSync('mkfifo', [at.path('gate')]);
  const one = launch(at, 'ask');
  await one.says('Installing');
  const two = launch(at, 'ask');
  await two.says('Another start is installing');
  writeFileSync(at.path('gate'), 'go\n');
  assert.deepEqual(await Promise.all([one.ended, two.ended]), [0, 0]);
  assert.equal(at.calls().length, 1);
});

test('a lock whose process is gone is taken over', (t) => {
  const at = checkout(t);
  const dead = spawnSync('true').pid;
  mkdirSync(at.path('node_modules'));
  symlinkSync(`pid-${dead}`, at.path('node_modules/.bellhop-install.lock'));
  assert.equal(start(at, 'ask').status, 0);
  assert.ok(!existsSync(at.path('node_modules/.bellhop-install.lock')));
});

test('an install that fails shows npm’s words, exits 1 and is done again', (t) => {
  const at = checkout(t);
  writeFileSync(at.path('fail'), '');
  const failed = start(at, 'ask');
  assert.equal(failed.status, 1);
  assert.match(failed.stderr, /\| npm error no such package\n.*exit 7.*install\.log/s);
  assert.equal(failed.stdout, '');
  rmSync(at.path('fail'));
  assert.equal(start(at, 'ask').status, 0);
  assert.equal(at.calls().length, 2);
});

test('an install cut off by a signal leaves no stamp, and its half-made packages are thrown away', async (t) => {
  const at = checkout(t);
  execFileSync('mkfifo', [at.path('gate'), at.path('started')]);
  const cut = launch(at, 'ask');
  await readFile(at.path('started'));
  mkdirSync(at.path('node_modules/half'), { recursive: true });
  cut.child.kill('SIGTERM');
  assert.equal(await cut.ended, 143);
  rmSync(at.path('gate'));
  rmSync(at.path('started'));
  assert.equal(start(at, 'ask').status, 0);
  assert.ok(!existsSync(at.path('node_modules/half')));
});

test('without Node it says what to type; on an unknown platform that there is no pinned one', (t) => {
  const at = checkout(t);
  mkdirSync(at.path('bare'));
  for (const tool of ['sh', 'cmp', 'mkdir', 'ln', 'readlink', 'rm', 'cat']) {
    symlinkSync(
      execFileSync('/bin/sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim(),
      at.path(`bare/${tool}`),
    );
  }
  const bare = start({ ...at, env: { ...at.env, PATH: at.path('bare') } }, 'up');
  assert.equal(bare.status, 1);
  assert.match(bare.stderr, /any Node from 18 on.*apt-get install -y nodejs npm.*brew install node/s);
  writeFileSync(at.path('bin/npm'), '#!/bin/sh\n', { mode: 0o755 });
  const foreign = start(at, 'up');
  assert.equal(foreign.status, 1);
  assert.match(foreign.stderr, /no pinned Node 26 for this machine/);
});
