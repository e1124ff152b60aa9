/**
 * The one table of package managers, with managers made of shell scripts that write down what they were asked for. Who is
 * root, and what sudo says, is a script, too; the terminal is a real one (`script`).
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { until } from '../../host/test/until.ts';

const SCRIPT = join(import.meta.dirname, '../../../system-packages.sh');
/** What the script itself uses of the system, and nothing else: no package manager of this machine. */
const TOOLS = ['sh', 'grep', 'sed', 'tail', 'head', 'sleep', 'env', 'mktemp', 'rm', 'cat', 'mkfifo'];

interface Machine {
  readonly env: NodeJS.ProcessEnv;
  path(name: string): string;
  calls(): string[];
  install(...words: string[]): { status: number | null; stdout: string; stderr: string };
}

/** @param manager its name and what it does; `$n` is which call this is. */
function machine(
  t: TestContext,
  parts: {
    readonly manager?: string;
    readonly does?: string;
    readonly root?: boolean;
    readonly sudo?: string;
  },
): Machine {
  const dir = mkdtempSync(join(tmpdir(), 'bh-packages-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const path = (name: string) => join(dir, name);
  for (const folder of ['bin', 'tmp']) mkdirSync(path(folder));
  for (const tool of TOOLS)
    symlinkSync(execFileSync('which', [tool], { encoding: 'utf8' }).trim(), path(`bin/${tool}`));
  const program = (name: string, lines: string) => {
    writeFileSync(path(`bin/${name}`), `#!/bin/sh\n${lines}\n`);
    chmodSync(path(`bin/${name}`), 0o755);
  };
  program('id', `echo ${parts.root === false ? 1000 : 0}`);
  const { manager = 'apt-get', does = 'exit 0', sudo } = parts;
  const counted = `echo "${manager} $*" >>"$CALLS"; n=$(grep -c . "$CALLS")`;
  if (manager !== '') program(manager, `${counted}\n${does}`);
  if (sudo !== undefined) program('sudo', sudo);
  const env = { PATH: path('bin'), CALLS: path('calls'), TMPDIR: path('tmp'), GATE: path('gate') };
  return {
    env,
    path,
    calls: () => (existsSync(path('calls')) ? readFileSync(path('calls'), 'utf8').trim().split('\n') : []),
    install(...words) {
      const { status, stdout, stderr } = spawnSync('/bin/sh', [SCRIPT, 'install', ...words], {
        env,
        encoding: 'utf8',
        input: '',
      });
      assert.deepEqual(readdirSync(path('tmp')), [], 'it left a file');
      return { status, stdout, stderr };
    },
  };
}

describe('as root', () => {
  for (const [manager, expected] of [
    ['apt-get', 'apt-get install -y --no-install-recommends -o Dpkg::Use-Pty=0 libatomic1 bubblewrap'],
    ['dnf', 'dnf install -y --setopt=install_weak_deps=False libatomic bubblewrap'],
    ['pacman', 'pacman -S --noconfirm --needed gcc-libs bubblewrap'],
    ['zypper', 'zypper --non-interactive install --no-recommends libatomic1 bubblewrap'],
    ['apk', 'apk add --update-cache libatomic bubblewrap'],
  ] as const) {
    test(`${manager} installs at once, by its own words and names`, (t) => {
      const here = machine(t, { manager });
      const { status, stdout, stderr } = here.install('libatomic1', 'bubblewrap');
      assert.deepEqual([status, stdout, here.calls()], [0, '', [expected]]);
      assert.match(
        stderr,
        /^bellhop: Installing \S+ and bubblewrap \(\S+\) …\nbellhop: Installed \S+ and bubblewrap\.\n$/,
      );
    });
  }

  for (const [manager, words, refresh] of [
    ['apt-get', 'E: Unable to locate package bubblewrap', 'apt-get update'],
    ['apt-get', "E: Package 'bubblewrap' has no installation candidate", 'apt-get update'],
    ['dnf', 'No match for argument: bubblewrap', 'dnf makecache --refresh'],
    [
      'pacman',
      "warning: database file for 'core' does not exist (use '-Sy' to download)",
      'pacman -Sy --noconfirm',
    ],
    [
      'zypper',
      "'bubblewrap' not found in package names. Trying capabilities.",
      'zypper --non-interactive refresh',
    ],
  ] as const) {
    test(`${manager} whose lists are missing fetches them, once, and tries again ("${words}")`, (t) => {
      const here = machine(t, { manager, does: `[ $n != 1 ] || { echo "${words}"; exit 100; }` });
      const { status, stderr } = here.install('bubblewrap');
      const [first, second, third, ...more] = here.calls();
      assert.deepEqual([status, second, third, more], [0, refresh, first, []]);
      assert.match(stderr, /Fetching the lists of packages/);
      const hopeless = machine(t, { manager, does: `echo "${words}"; exit 100` });
      assert.equal(hopeless.install('bubblewrap').status, 1);
      // It is also asked, without rights, whether its lists know the package: for the words of what to type.
      const done = hopeless.calls().filter((call) => !/ (--simulate|-Si) /.test(call));
      assert.equal(done.length, 3, 'once');
    });
  }

  test('an install that dpkg was interrupted in is completed first', (t) => {
    const here = machine(t, {
      does: `[ $n != 1 ] || { echo "E: dpkg was interrupted, you must manually run 'dpkg --configure -a'"; exit 100; }`,
    });
    writeFileSync(here.path('bin/dpkg'), '#!/bin/sh\necho "dpkg $*" >>"$CALLS"\n', { mode: 0o755 });
    assert.equal(here.install('bubblewrap').status, 0);
    assert.equal(here.calls()[1], 'dpkg --configure -a');
  });

  test('a lock that another package manager holds is waited for, and said', (t) => {
    const locked = 'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1 (apt)';
    const here = machine(t, { does: `[ $n -gt 2 ] || { echo "${locked}"; exit 100; }` });
    const { status, stderr } = here.install('bubblewrap');
    assert.deepEqual([status, here.calls().length], [0, 3]);
    assert.equal(stderr.split('Another package manager is at work; waiting for it').length, 2, 'said once');
  });

  test('a manager that fails is quoted, and what to type is said', (t) => {
    const here = machine(t, { does: 'echo "E: No space left on device"; exit 100' });
    const { status, stdout, stderr } = here.install('bubblewrap');
    assert.equal(status, 1);
    assert.match(stderr, /apt-get failed \(exit 100\)\. Its last words:\n {2}\| E: No space left on device/);
    assert.match(
      stdout,
      /^apt-get could not install bubblewrap\nMend what it says, then try again\. By hand: apt-get /,
    );
  });

  test('without a manager that is known, the names are said', (t) => {
    const { status, stdout } = machine(t, { manager: '' }).install('bubblewrap');
    assert.equal(status, 1);
    assert.equal(
      stdout,
      'no package manager is here that Bellhop knows (apt-get dnf pacman zypper apk)\nInstall by hand: bubblewrap\n',
    );
  });

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    test(`${signal} ends the manager, leaves no file, and is exit code ${code}`, async (t) => {
      const here = machine(t, { does: 'echo $$ >"$CALLS.pid"; read -r go <"$GATE"' });
      execFileSync('mkfifo', [here.path('gate')]);
      const child = spawn('/bin/sh', [SCRIPT, 'install', 'bubblewrap'], {
        env: here.env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const closed = once(child, 'close');
      await until(
        'the manager is at work',
        () => existsSync(here.path('calls.pid')) && readFileSync(here.path('calls.pid'), 'utf8') !== '',
      );
      child.kill(signal);
      assert.deepEqual(await closed, [code, null]);
      const pid = readFileSync(here.path('calls.pid'), 'utf8').trim();
      await until('the manager is gone', () => !existsSync(`/proc/${pid}`));
      assert.deepEqual(readdirSync(here.path('tmp')), []);
    });
  }
});

describe('as a user', () => {
  const SUDO = 'echo "sudo $*" >>"$CALLS.sudo"; shift_n=0; [ "$1" != -n ] || shift; exec env "$@"';

  /** Answers the question on a real terminal. */
  const atTerminal = (here: Machine, answer: string, ...words: string[]) => {
    const command = `${process.execPath} -e 0; exec /bin/sh '${SCRIPT}' install ${words.join(' ')} bubblewrap`;
    const typed = spawnSync('script', ['-q', '-e', '-c', command, '/dev/null'], {
      env: { ...here.env, SHELL: '/bin/sh', PATH: `${here.env.PATH}:/usr/bin:/bin` },
      encoding: 'utf8',
      input: answer,
    });
    return { status: typed.status, screen: typed.stdout };
  };

  for (const answer of ['\n', 'y\n', 'Y\n', 'yes\n']) {
    test(`with sudo and a terminal is asked once, and ${JSON.stringify(answer)} installs`, (t) => {
      const here = machine(t, { root: false, sudo: SUDO });
      const { status, screen } = atTerminal(here, answer);
      assert.equal(status, 0, screen);
      assert.equal(screen.split('Install bubblewrap with sudo apt-get? [Y/n]').length, 2, screen);
      assert.equal(here.calls().length, 1);
    });
  }

  for (const answer of ['n\n', 'no\n', 'what\n', '\u0004']) {
    test(`with sudo and a terminal: ${JSON.stringify(answer)} installs nothing, and says what to type`, (t) => {
      const here = machine(t, { root: false, sudo: SUDO });
      const { status, screen } = atTerminal(here, answer);
      assert.equal(status, 1, screen);
      assert.match(
        screen,
        /bubblewrap was not to be installed\s+When you want it: sudo apt-get install -y bubblewrap/,
      );
      assert.equal(existsSync(here.path('calls.sudo')), false);
    });
  }

  test('--yes answers beforehand', (t) => {
    const here = machine(t, { root: false, sudo: SUDO });
    const { status, screen } = atTerminal(here, '', '--yes');
    assert.equal(status, 0, screen);
    assert.doesNotMatch(screen, /\[Y\/n\]/);
  });

  test('without a terminal nothing is installed, and the exact command is said', (t) => {
    const here = machine(t, { root: false, sudo: SUDO });
    const { status, stdout } = here.install('bubblewrap');
    assert.equal(status, 1);
    assert.equal(
      stdout,
      'installing bubblewrap needs sudo, and there is no terminal to ask on\nType: sudo apt-get install -y bubblewrap\n',
    );
    assert.equal(existsSync(here.path('calls.sudo')), false);
  });

  test('without a terminal and with --yes sudo asks for no password', (t) => {
    const here = machine(t, { root: false, sudo: SUDO });
    assert.equal(here.install('--yes', 'bubblewrap').status, 0);
    assert.match(readFileSync(here.path('calls.sudo'), 'utf8'), /^sudo -n /);
    const strict = machine(t, { root: false, sudo: 'echo "sudo: a password is required"; exit 1' });
    const { status, stdout } = strict.install('--yes', 'bubblewrap');
    assert.equal(status, 1);
    assert.match(
      stdout,
      /^sudo needs a password for bubblewrap, and there is no terminal to type it on\nType: sudo apt-get/,
    );
  });

  test('whom sudo refuses is told whom to ask', (t) => {
    const here = machine(t, { root: false, sudo: 'echo "guest is not in the sudoers file."; exit 1' });
    const { stdout } = here.install('--yes', 'bubblewrap');
    assert.match(
      stdout,
      /^you may not install bubblewrap with sudo\nAsk whoever administers this machine to type: apt-get/,
    );
  });

  test('without sudo one sentence says what to do, also where the lists are missing', (t) => {
    const here = machine(t, { root: false, does: 'exit 100' });
    assert.equal(
      here.install('bubblewrap').stdout,
      'only root may install bubblewrap, and there is no sudo here\n' +
        'Ask whoever administers this machine to type: apt-get update && apt-get install -y bubblewrap\n',
    );
  });
});
