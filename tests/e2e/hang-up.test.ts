/**
 * Processes whose reader, terminal or shell has gone: each ends cleanly when it is asked to, and leaves nothing. At
 * 7f1ed64 a host behind `| head` ended with 1 at its first word, left host.json, and its sandbox ran on.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { until } from '../../packages/host/test/until.ts';
import { type House, houseFor } from './house/house.ts';
import { assertNothingIsLeft } from './house/left.ts';
import {
  bwrapMissing,
  CLI_PROGRAM,
  HOST_PROGRAM,
  LAUNCHER,
  launcherWouldInstall,
  NODE,
  ROOT,
} from './house/machine.ts';
import { run } from './house/run.ts';
import { stillRun } from './house/sandboxes.ts';

const DOCTOR = join(ROOT, 'packages/host/src/doctor.ts');

const upWords = (house: House) => ['--data', house.data, '--port', '0', '--no-open', '--sandbox', 'bwrap'];

describe('a host whose words nobody reads any more', { skip: bwrapMissing }, () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    test(`works on, and ${signal} stops it with 0 and leaves nothing`, async (t) => {
      const house = houseFor(t);
      const host = await house.up();
      host.stopReading();
      assert.equal((await house.ask('help', 'main')).code, 0);
      const awake = house.sandboxes();
      assert.ok(awake.length > 0);
      assert.deepEqual(await host.stop(signal), { code: 0, signal: null });
      assert.deepEqual(stillRun(awake), []);
      assertNothingIsLeft(house);
    });
  }

  test('in a terminal that is closed it stops, and leaves nothing', async (t) => {
    const house = houseFor(t);
    const words = [NODE, HOST_PROGRAM, ...upWords(house)].map((word) => `'${word}'`).join(' ');
    // `script` is the terminal: when it is killed, the kernel hangs up on whoever runs in it.
    const host = house.started('script', ['-q', '-e', '-c', words, '/dev/null'], { SHELL: '/bin/sh' });
    await until('it is up', () => existsSync(join(house.data, 'host.json')));
    assert.equal((await house.ask('help', 'main')).code, 0);
    const { pid } = (await house.api.status()).body;
    const awake = house.sandboxes();
    await host.kill();
    await until('the host is gone', () => !existsSync(`/proc/${pid}/status`) || isZombie(pid));
    assert.deepEqual(stillRun(awake), []);
    assertNothingIsLeft(house);
  });

  test('started by nohup it survives a hang-up, and TERM stops it', {
    skip: launcherWouldInstall(),
  }, async (t) => {
    const house = houseFor(t);
    const host = house.started('nohup', [LAUNCHER, 'up', ...upWords(house)]);
    await host.ready();
    process.kill(host.pid, 'SIGHUP');
    assert.equal((await house.ask('help', 'main')).code, 0);
    process.kill(host.pid, 'SIGHUP');
    assert.equal((await house.api.status()).body.pid, host.pid);
    assert.deepEqual(await host.stop('SIGTERM'), { code: 0, signal: null });
    assertNothingIsLeft(house);
  });
});

test('a note of the running host that cannot be read is no raw error: a second start says that one runs', {
  skip: bwrapMissing,
}, async (t) => {
  const house = houseFor(t);
  await house.up();
  for (const words of ['{', '', 'null', '{"pid":"x"}', '[]', '\0\0']) {
    writeFileSync(join(house.data, 'host.json'), words);
    const second = await run(NODE, [HOST_PROGRAM, ...upWords(house)], { env: house.env() });
    assert.equal(second.code, 3, words);
    assert.match(
      second.stderr,
      /^Bellhop already runs on .*\n {2}Talk to it: \.\/bellhop chat {4}Stop it: \.\/bellhop stop\n$/,
    );
  }
});

describe('the doctor', { skip: bwrapMissing }, () => {
  test('whose reader has seen enough (`| head`) leaves no folder behind', async (t) => {
    const house = houseFor(t);
    const scratch = house.path('scratch');
    mkdirSync(scratch);
    chmodSync(scratch, 0o711);
    const child = spawn(NODE, [DOCTOR, '--data', join(scratch, 'none'), '--sandbox', 'bwrap'], {
      env: house.env({ TMPDIR: scratch }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stderr.destroy();
    child.stdout.once('data', () => child.stdout.destroy());
    const [code, signal] = await once(child, 'exit');
    assert.ok([0, 1].includes(code), `${code} ${signal}`);
    assert.deepEqual(readdirSync(scratch), []);
  });

  test('asks no engine where another sandbox is named, or is what the running host uses', async (t) => {
    const house = houseFor(t);
    const asked = house.path('asked');
    const engine = house.path('engine');
    writeFileSync(engine, `#!/bin/sh\necho "$@" >>'${asked}'\nexit 1\n`, { mode: 0o755 });
    const doctor = async (...words: string[]) => {
      const { code, stdout } = await run(NODE, [DOCTOR, '--data', house.data, '--json', ...words], {
        env: house.env({ BELLHOP_DOCKER: engine }),
      });
      assert.ok([0, 1].includes(code ?? -1), stdout);
      const { checks } = JSON.parse(stdout) as { checks: { id: string; severity: string }[] };
      return checks.filter(({ id }) => ['docker', 'bwrap'].includes(id)).map(({ id }) => id);
    };
    assert.deepEqual(await doctor('--sandbox', 'bwrap'), ['bwrap']);
    await house.up({ env: { BELLHOP_DOCKER: 'none-such' } });
    assert.deepEqual(await doctor(), ['bwrap']);
    assert.equal(existsSync(asked), false, existsSync(asked) ? readFileSync(asked, 'utf8') : '');
    await house.host.stop();
    // The control: without a word, and with no host, both are looked at.
    assert.deepEqual((await doctor()).toSorted(), ['bwrap', 'docker']);
    assert.ok(existsSync(asked));
  });

  test('a sandbox that there is none of: exit code 2, and which there are', async (t) => {
    const house = houseFor(t);
    const { code, stderr } = await run(NODE, [DOCTOR, '--sandbox', 'vm'], { env: house.env() });
    assert.deepEqual(
      [code, stderr.split('\n')[0]],
      [2, 'bellhop: --sandbox vm: choose auto, docker or bwrap'],
    );
  });
});

test('Ctrl-C in chat says that the turn goes on and where its answer will be; leaving a conversation at rest says nothing', {
  skip: bwrapMissing,
}, async (t) => {
  const house = houseFor(t);
  await house.up();
  const chat = (thread: string) => {
    const child = spawn(NODE, [CLI_PROGRAM, 'chat', '--thread', thread], {
      env: house.env({ BELLHOP_DATA: house.data }),
      stdio: 'pipe',
    });
    const said = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.err += text;
    });
    return { child, said, closed: once(child, 'close') };
  };
  const left = chat('trip');
  left.child.stdin.write('hang\n');
  await until('it is at work', async () => (await house.api.status()).body.messages.working === 1);
  left.child.kill('SIGINT');
  assert.deepEqual(await left.closed, [130, null]);
  assert.equal(
    left.said.err,
    'Your message is still at work. It goes on, and its answer is kept: ./bellhop chat --thread trip    To end it, type /stop there.\n',
  );
  assert.doesNotMatch(left.said.out, /still at work/);
  const idle = chat('idle');
  // In a pipe each line waits until the one before has settled.
  idle.child.stdin.write('help\n/quit\n');
  assert.deepEqual(await idle.closed, [0, null]);
  assert.equal(idle.said.err, '');
});

/** Ended, and not yet collected by whoever adopted it. */
function isZombie(pid: number): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    // It was collected between the two looks.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return true;
  }
}
