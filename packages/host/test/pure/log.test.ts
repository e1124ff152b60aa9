/** The log file: one JSON object a line, rotated by size. Not here: how people are shown it (cli). */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openLog } from '../../src/log.ts';
import { START_MS } from '../fake-clock.ts';
import { tempFolder } from '../temp-folder.ts';

const now = () => START_MS;

function lines(path: string): { readonly [key: string]: unknown }[] {
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('openLog', () => {
  test('every line is one JSON object with time, level and what', (t) => {
    const dir = tempFolder(t);
    const log = openLog(dir, now);
    log.info('ready', { port: 1 });
    log.warn('odd\nname', { why: 'a "quote"\nand a line' });
    log.error('bad');
    log.close();
    const time = '2026-06-01T12:00:00.000Z';
    assert.deepEqual(lines(join(dir, 'logs', 'host.jsonl')), [
      { time, level: 'info', what: 'ready', port: 1 },
      { time, level: 'warn', what: 'odd\nname', why: 'a "quote"\nand a line' },
      { time, level: 'error', what: 'bad' },
    ]);
  });

  test('nobody but the owner can read it', (t) => {
    const dir = tempFolder(t);
    const log = openLog(dir, now);
    log.info('ready');
    log.close();
    assert.equal(statSync(join(dir, 'logs')).mode & 0o077, 0);
    assert.equal(statSync(join(dir, 'logs', 'host.jsonl')).mode & 0o077, 0);
  });

  test('a later host writes on where the last one ended', (t) => {
    const dir = tempFolder(t);
    for (const what of ['first', 'second']) {
      const log = openLog(dir, now);
      log.info(what);
      log.close();
    }
    assert.deepEqual(
      lines(join(dir, 'logs', 'host.jsonl')).map((line) => line.what),
      ['first', 'second'],
    );
  });

  test('H6: it is rotated by size, keeps five old files and no line is lost on the way', (t) => {
    const dir = tempFolder(t);
    const log = openLog(dir, now, 400);
    for (let n = 0; n < 60; n += 1) log.info(`line ${n}`);
    log.close();
    const names = readdirSync(join(dir, 'logs')).sort();
    assert.deepEqual(names, [
      'host.jsonl',
      'host.jsonl.1',
      'host.jsonl.2',
      'host.jsonl.3',
      'host.jsonl.4',
      'host.jsonl.5',
    ]);
    const oldestFirst = names
      .toReversed()
      .flatMap((name) => lines(join(dir, 'logs', name)).map((line) => line.what));
    const last = oldestFirst.length;
    assert.deepEqual(
      oldestFirst,
      Array.from({ length: last }, (_, n) => `line ${60 - last + n}`),
    );
    for (const name of names) assert.ok(statSync(join(dir, 'logs', name)).size <= 400 + 100);
  });

  test('H6: a file that a dead host left full is rotated by the next one', (t) => {
    const dir = tempFolder(t);
    const first = openLog(dir, now, 10);
    first.info('too long for this limit');
    first.close();
    assert.ok(!existsSync(join(dir, 'logs', 'host.jsonl.1')));
    const second = openLog(dir, now, 10);
    second.info('next');
    second.close();
    assert.deepEqual(
      lines(join(dir, 'logs', 'host.jsonl')).map((line) => line.what),
      ['next'],
    );
  });
});
