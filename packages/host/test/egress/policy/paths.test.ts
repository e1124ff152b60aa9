/** Which paths a rule means. Whatever two readers could read differently is in none but the rule for all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ANY, isPlain, matches, readPattern, readTarget } from '../../../src/egress/policy/paths.ts';

test('a rule has one plain path, or one with a star behind its last slash', () => {
  for (const good of ['/', '/*', '/v1', '/v1/', '/v1/*', '/repos/a-b/c.git/info', '/@scope/x', '/a(b),c'])
    assert.equal(readPattern(good), good);
  for (const bad of [
    ...['', 'v1', '*', '/v1*', '/v1/*/x', '/*/x', '/v1//x', '/v1/../x', '/./x', '/..', '/..;/x', '/v1/**'],
    ...['/a%2fb', '/a b', '/a?b', '/a#b', '/a\\b', '/\u00e9', `/${'a'.repeat(600)}`],
  ])
    assert.equal(readPattern(bad), null, bad);
});

test('a path is met to the letter, a star meets all below it and not the path itself', () => {
  const table: readonly (readonly [string, string, boolean])[] = [
    ['/v1/me', '/v1/me', true],
    ['/v1/me', '/v1/me/', false],
    ['/v1/me', '/V1/me', false],
    ['/v1/me', '/v1/mex', false],
    ['/v1/*', '/v1/me', true],
    ['/v1/*', '/v1/a/b/c', true],
    ['/v1/*', '/v1/', true],
    ['/v1/*', '/v1', false],
    ['/v1/*', '/v1x/me', false],
    ['/*', '/anything', true],
  ];
  for (const [pattern, path, expected] of table)
    assert.equal(matches(pattern, path), expected, `${pattern} ${path}`);
});

const TRICKS = [
  ...[
    '/v1/../admin',
    '/v1/./../admin',
    '/v1/..',
    '/v1/..;/admin',
    '/v1/.;x/admin',
    '/v1//admin',
    '//evil.example/v1/',
  ],
  ...['/v1/%2e%2e/admin', '/v1/%2E./admin', '/v1/..%2fadmin', '/v1/%5c..%5cadmin', '/v1/%252e%252e/admin'],
  ...['/v1/%00', '/v1/%', '/v1/%zz', '/v1/..%3b/admin'],
];

test('attack: a path with dots, doubled slashes or escapes of them is in no rule but the one for all', () => {
  for (const path of TRICKS) {
    assert.equal(isPlain(path), false, path);
    assert.equal(matches('/v1/*', path), false, path);
    assert.equal(matches(path, path), false, path);
  }
  for (const path of ['/v1/a%20b', '/v1/%C3%A9', '/v1/...', '/v1/.hidden', '/v1/a;b'])
    assert.equal(matches('/v1/*', path), true, path);
});

test('attack: what is no path of this host is no target', () => {
  for (const bad of [
    '',
    '*',
    'v1',
    'https://evil.example/',
    '//evil.example/',
    '/a b',
    '/a\\b',
    '/a#b',
    '/\u00e9',
    '/a\u0000',
  ])
    assert.equal(readTarget(bad), null, bad);
  assert.deepEqual(readTarget('/a?b=//c&d'), { path: '/a', query: 'b=//c&d' });
  assert.deepEqual(readTarget('/a?'), { path: '/a', query: '' });
  assert.deepEqual(readTarget('/a'), { path: '/a', query: null });
});

test('attack: whatever way a matched path is normalised, it stays below the star', () => {
  const part = fc.constantFrom('/', 'v1', '.', '..', '%2e', '%2F', '%25', ';', 'a', '%5C', '\\', '%41');
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const path = `/v1/${parts.join('')}`;
      const target = readTarget(path);
      if (target === null || !matches('/v1/*', target.path)) return;
      for (const read of [target.path, decodeURIComponent(target.path)])
        assert.ok(new URL(read.replaceAll('\\', '/'), 'https://host').pathname.startsWith('/v1/'), path);
    }),
  );
  assert.equal(ANY.path, '/*');
});
