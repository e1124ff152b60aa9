/** What TZ may hold, and the one zone that comes of it. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readTimeZone } from '../../src/time-zone.ts';
import { tempFolder } from '../temp-folder.ts';

/** Every reader of a zone: Intl, and what formats a time in a sandbox. */
function canBeUsed(name: string): boolean {
  const words = new Date(0).toLocaleString('en-US', {
    dateStyle: 'medium',
    timeStyle: 'short',
    timeZone: name,
  });
  return (
    words !== '' && new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone === name
  );
}

const NAMED: readonly (readonly [tz: string, name: string])[] = [
  ['Europe/Berlin', 'Europe/Berlin'],
  [':Europe/Berlin', 'Europe/Berlin'],
  ['europe/BERLIN', 'Europe/Berlin'],
  [' Europe/Berlin\n', 'Europe/Berlin'],
  ['posix/America/Sao_Paulo', 'America/Sao_Paulo'],
  ['right/Asia/Tokyo', 'Asia/Tokyo'],
  ['/usr/share/zoneinfo/Australia/Lord_Howe', 'Australia/Lord_Howe'],
  [':/usr/share/zoneinfo/Europe/Paris', 'Europe/Paris'],
  ['/usr/lib/zoneinfo/America/Argentina/Ushuaia', 'America/Argentina/Ushuaia'],
  ['/var/db/timezone/zoneinfo/Asia/Tokyo', 'Asia/Tokyo'],
  ['US/Eastern', 'America/New_York'],
  ['EST5EDT', 'America/New_York'],
  ['Etc/GMT+3', 'Etc/GMT+3'],
  ['America/Port-au-Prince', 'America/Port-au-Prince'],
  ...['UTC', 'utc', 'Zulu', 'GMT', 'GMT0', 'Etc/UTC', 'Universal'].map((tz) => [tz, 'UTC'] as const),
];

for (const [tz, name] of NAMED) {
  test(`Z1: TZ=${JSON.stringify(tz)} is ${name}, without a warning`, () => {
    assert.deepEqual(readTimeZone({ TZ: tz }), { name, warning: null });
    assert.ok(canBeUsed(name));
  });
}

const NO_ZONE = [
  ...[
    '',
    ' ',
    ':',
    '/',
    'Foo/Bar',
    'Mars/Olympus',
    'localtime',
    'Etc/Unknown',
    'Factory',
    'Europe',
    'Europe/',
  ],
  ...[
    'UTC+3',
    'GMT+3',
    'UTC-05:30',
    '+03:00',
    '-0330',
    '+14',
    '<+03>-3',
    'CET-1CEST,M3.5.0,M10.5.0/3',
    'JST-9',
  ],
  ...['SystemV/EST5', 'Etc/GMT-15', 'undefined', 'null', 'Z', '0', '../../etc/passwd', '/etc/passwd'],
  ...['/usr/share/zoneinfo', '/usr/share/zoneinfo/', '/usr/share/zoneinfo/zone.tab', '/no/such/file'],
  ...['Europe/Berlin;rm', 'Europe/Berlin,America/Lima', '"Europe/Berlin"', '😀', '\u0000', '\u001b[2J'],
  'x'.repeat(100_000),
];

test('Z1: whatever else TZ holds is UTC, and said in one short line without control characters', () => {
  for (const tz of NO_ZONE) {
    const { name, warning } = readTimeZone({ TZ: tz });
    assert.equal(name, 'UTC', tz.slice(0, 50));
    assert.match(warning ?? '', /TZ is .*UTC.*set one, as in TZ=Europe\/Berlin$/, tz.slice(0, 50));
    assert.ok((warning ?? '').length < 500);
    assert.ok(!/\p{Cc}/u.test(warning ?? ''), 'a terminal would obey it');
  }
});

test('Z1: without TZ, and with a path to it, the zone is that of the machine', () => {
  const machine = readTimeZone({});
  assert.ok(canBeUsed(machine.name));
  for (const tz of ['/etc/localtime', ':/etc/localtime'])
    assert.equal(readTimeZone({ TZ: tz }).name, machine.name);
});

test('Z1: a link to a zone file is the zone that it leads to; a copy of one has no name', (t) => {
  const file = '/usr/share/zoneinfo/Europe/Lisbon';
  if (!existsSync(file)) return t.skip('this machine has no zone files');
  const dir = tempFolder(t);
  symlinkSync(file, join(dir, 'link'));
  copyFileSync(file, join(dir, 'copy'));
  assert.equal(readTimeZone({ TZ: join(dir, 'link') }).name, 'Europe/Lisbon');
  assert.equal(readTimeZone({ TZ: `:${join(dir, 'copy')}` }).name, 'UTC');
});
