/** The options of `./bellhop up`. Not here: what the start does with them (tests/e2e). */
import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, test } from 'node:test';
import { readUpOptions, UsageError } from '../../src/up.ts';

const read = (...argv: string[]) => readUpOptions(['up', ...argv], {});

describe('readUpOptions', () => {
  test('without a word everything has its default', () => {
    assert.deepEqual(read(), {
      dataDir: join(homedir(), '.bellhop'),
      port: 7788,
      host: '127.0.0.1',
      sandbox: 'auto',
      open: true,
      yes: false,
      program: undefined,
      base: undefined,
    });
  });

  test('what is typed counts more than the environment, which counts more than the default', () => {
    const env = { BELLHOP_DATA: '/from/environment' };
    assert.equal(readUpOptions(['up', '--data', '/typed'], env)?.dataDir, '/typed');
    assert.equal(readUpOptions(['up'], env)?.dataDir, '/from/environment');
  });

  test('an environment variable that is set to nothing does not put the data into the current folder', () => {
    assert.equal(readUpOptions(['up'], { BELLHOP_DATA: '' })?.dataDir, join(homedir(), '.bellhop'));
  });

  test('a data folder may be called up, and stand before the command', () => {
    assert.equal(read('--data', 'up')?.dataDir, resolve('up'));
    assert.equal(readUpOptions(['--data', 'up', 'up'], {})?.dataDir, resolve('up'));
  });

  test('every option is read', () => {
    const env = { BELLHOP_DOCKER: 'podman', BELLHOP_BASE_IMAGE: 'debian:12' };
    assert.deepEqual(
      readUpOptions(
        ['up', '--data', '/d', '--port=0', '--host', '::', '--sandbox', 'none', '--no-open', '--yes'],
        env,
      ),
      {
        dataDir: '/d',
        port: 0,
        host: '::',
        sandbox: 'none',
        open: false,
        yes: true,
        program: 'podman',
        base: 'debian:12',
      },
    );
  });

  test('help asks for nothing else', () => {
    assert.equal(read('--help'), null);
    assert.equal(read('-h', '--port', '1'), null);
  });

  const mistakes = [
    ['--port', 'x'],
    ['--port', '-1'],
    ['--port', '65536'],
    ['--port', '1.5'],
    ['--port', '1e3'],
    ['--port', '0x50'],
    ['--port='],
    ['--port'],
    ['--sandbox', 'podman'],
    ['--sandbox='],
    ['--data='],
    ['--data'],
    ['--nonsense'],
    ['now'],
    ['up'],
    ['--no-open=1'],
  ];
  for (const argv of mistakes) {
    test(`${argv.join(' ')}: a mistake of the person who typed`, () => {
      assert.throws(() => read(...argv), UsageError);
    });
  }
});
