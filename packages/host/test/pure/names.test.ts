/** Names from outside as path segments. Not here: where the files go (enqueue.test.ts). */
import assert from 'node:assert/strict';
import { join, normalize } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hashName, safeName } from '../../src/sessions/names.ts';

const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({
    unit: fc.constantFrom('.', '/', '\\', ' ', '\0', '\n', 'a', '😀', '\u202e', '\ud800'),
    maxLength: 200,
  }),
);

describe('safeName', () => {
  test('an ordinary name stays as it is', () => {
    for (const name of ['report.pdf', 'Grüße aus Köln.txt', '日本語.md', '.'.repeat(0) || 'a.b.c']) {
      assert.equal(safeName(name), name);
    }
  });

  test('path traversal: a name cannot leave its folder', () => {
    for (const name of [
      '../../etc/passwd',
      '..',
      '.',
      ' ..',
      ' .',
      '\t..',
      '/etc/passwd',
      '..\\..\\x',
      'a/../../b',
      '',
    ]) {
      const path = normalize(join('/data/files', safeName(name)));
      assert.match(path, /^\/data\/files\/[^/]+$/, JSON.stringify(name));
    }
  });

  test('path traversal: no name at all is anything but one plain segment', () => {
    fc.assert(
      fc.property(nasty, (name) => {
        const safe = safeName(name);
        assert.equal(normalize(join('/data/files', safe)), `/data/files/${safe}`);
        assert.doesNotMatch(safe, /[/\\\p{Cc}]/u);
        assert.ok(!safe.startsWith('.'), `${JSON.stringify(name)} became ${JSON.stringify(safe)}`);
        assert.ok(safe !== '' && Buffer.byteLength(safe) <= 120);
      }),
      { numRuns: 1_000 },
    );
  });

  test('a name that was made safe stays the same when it is made safe again', () => {
    fc.assert(fc.property(nasty, (name) => assert.equal(safeName(safeName(name)), safeName(name))));
  });

  test('a long name keeps its ending, and no character of it is cut in two', () => {
    const safe = safeName(`${'😀'.repeat(60)}.png`);
    assert.ok(safe.endsWith('😀.png'));
    assert.ok(safe.isWellFormed());
  });
});

describe('hashName', () => {
  test('R11: any message id names a folder, and different ids different ones', () => {
    const ids = ['spaces/AAA/messages/1', '<a@b.c>', '../x', 'a', 'A', ''];
    const names = ids.map(hashName);
    assert.equal(new Set(names).size, ids.length);
    for (const name of names) assert.match(name, /^[0-9a-f]{16}$/);
    assert.equal(hashName('a'), names[3]);
  });
});
