/** The zone that a runner's process was given, whatever it is, ends no turn. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { usableZone } from '../../src/harnesses/light/zone.ts';

test('Z1: a zone that no time can be written in is UTC for the agent', () => {
  for (const zone of [
    undefined,
    '',
    'Etc/Unknown',
    'undefined',
    'Foo/Bar',
    'UTC+3',
    ':/etc/localtime',
    '\u0000',
  ])
    assert.equal(usableZone(zone), 'UTC', String(zone));
  assert.equal(usableZone('Europe/Paris'), 'Europe/Paris');
});

test('Z1: in a process with a strange TZ the message still has its time', () => {
  const light = (name: string) => new URL(`../../src/harnesses/light/${name}.ts`, import.meta.url).href;
  const program = `
    import { renderMessages } from '${light('prompt')}';
    import { usableZone } from '${light('zone')}';
    const zone = usableZone(Intl.DateTimeFormat().resolvedOptions().timeZone);
    const message = { seq: 2, kind: 'chat', sender: 'Ann', text: 'hi', timeMs: 0, replyTo: null, files: [], content: {} };
    console.log(renderMessages([message], zone));`;
  for (const TZ of [
    '',
    'Foo/Bar',
    'Factory',
    ':/etc/localtime',
    'undefined',
    'UTC+3',
    '+03:00',
    'CET-1CEST',
  ]) {
    const env: NodeJS.ProcessEnv = { PATH: process.env.PATH, TZ };
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      env,
      encoding: 'utf8',
    });
    assert.match(said, /^<messages>|^<message /, TZ);
    assert.match(said, /time="(Jan 1, 1970|Dec 31, 1969), /, TZ);
  }
});
