/** Names of packages, as attacks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeNames, MAX_PACKAGES } from '../../src/packages/names.ts';

const HOSTILE = [
  ...['; rm -rf /', '$(id)', '`id`', 'a b', 'a\nb', 'a\0b', 'a|b', 'a&b', 'a>b', "a'b", 'a"b', '\\', ''],
  ...['--flag', '-y', '-o=APT::Get::AllowUnauthenticated=1', '--allow-downgrades'],
  ...['../../etc/passwd', '/etc/passwd', './local', 'a/b', 'a/../b', '.hidden', '_x', 'file:x', 'x:amd64'],
  ...['http://evil.example/x.tgz', 'git+ssh://evil.example/x', 'user/repo', 'github:user/repo'],
  ...['a@latest', 'a@^1.0.0', 'a@npm:evil', 'a@1', 'a@file:x', '@scope', '@scope/', '@/a', '@a/b/c'],
  ...['curl*', 'lib?', '^curl$', '~nbash', 'a=1', 'a/unstable', 'task^', 'bash-'],
  ...['pаypal', 'ｃｕｒｌ', 'curl\u200b', 'CURL', 'a\u202eb', 'x'.repeat(129)],
];

for (const name of HOSTILE) {
  test(`a package called ${JSON.stringify(name.slice(0, 40))} is refused, in words that name it`, () => {
    const words = judgeNames({ apt: [name], npm: [] });
    assert.match(words ?? '', /is not the name of a Debian package$/);
    assert.ok(words?.includes(JSON.stringify(name)));
  });
}

test('to npm the same is hostile, but for an end that means something to apt alone', () => {
  const taken = HOSTILE.filter((name) => judgeNames({ apt: [], npm: [name] }) === null);
  assert.deepEqual(taken, ['bash-']);
  // Those it would look for among files.
  for (const name of ['x.tgz', 'x.tar', 'x.tar.gz']) assert.ok(judgeNames({ apt: [], npm: [name] }), name);
});

test('what Debian and npm call their packages is taken', () => {
  const apt = ['g++', 'libstdc++6', 'python3.11', '0ad', 'openjdk-17-jre'];
  const npm = ['prettier', '@types/node', 'lodash.merge', 'left-pad@1.3.0', '@a/b@2.0.0-rc.1'];
  assert.equal(judgeNames({ apt, npm }), null);
});

test('more than twenty packages of both kinds are refused', () => {
  const apt = Array.from({ length: MAX_PACKAGES }, (_, n) => `a${n}`);
  assert.equal(judgeNames({ apt, npm: [] }), null);
  assert.match(judgeNames({ apt, npm: ['b'] }) ?? '', /at most 20/);
});
