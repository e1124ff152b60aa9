/** Which host is meant, and where its addresses lead: tables of hostile spellings (promises 8 to 10). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressKind, mayGo } from '../../../src/egress/policy/addresses.ts';
import { agreedHost, readHostPort } from '../../../src/egress/policy/host-names.ts';

test('promise 8: a host has one spelling: patterns, addresses, dots, users and look-alikes are none', () => {
  const hostile = [
    '*',
    '*.com',
    '*.example.com',
    '.example.com',
    'example.com.',
    'example..com',
    'user@example.com',
    'user:pw@example.com',
    'example.com/path',
    'example.com?x',
    'example.com#x',
    'exam_ple.com',
    '-example.com',
    'example-.com',
    'ex ample.com',
    'example.com\u0000.evil.com',
    'example.com%2eevil.com',
    'exämple.com',
    'example.\u212aom',
    '\u212aelvin.example',
    '127.0.0.1',
    '127.1',
    '0x7f.1',
    '0x7f000001',
    '2130706433',
    '0177.0.0.1',
    'example.1',
    '[::1]',
    '::1',
    '[::ffff:127.0.0.1]',
    `${'a'.repeat(64)}.com`,
    `${'a.'.repeat(127)}com`,
    '',
    ':443',
    'example.com:',
    'example.com:0',
    'example.com:65536',
    'example.com:-1',
    'example.com:443:443',
    'example.com:0x1bb',
  ];
  for (const text of hostile) assert.equal(readHostPort(text, 443), null, JSON.stringify(text));
});

test('a plain name is taken, with its own port or the usual one, in any case', () => {
  assert.deepEqual(readHostPort('Example.COM', 443), { host: 'example.com', port: 443 });
  assert.deepEqual(readHostPort('a-b.example.com:8443', 443), { host: 'a-b.example.com', port: 8443 });
  assert.deepEqual(readHostPort('xn--exmple-cua.com', 443), { host: 'xn--exmple-cua.com', port: 443 });
  assert.deepEqual(readHostPort('localhost', 443), { host: 'localhost', port: 443 });
  assert.deepEqual(readHostPort('1password.com', 443), { host: '1password.com', port: 443 });
});

test('promise 10: CONNECT and its Host header must name the same host and port', () => {
  const good = { host: 'a.example', port: 443 };
  for (const header of ['a.example:443', 'a.example', 'A.Example', undefined])
    assert.deepEqual(agreedHost('a.example:443', header), good);
  for (const header of ['b.example', 'a.example:444', '', 'a.example.', 'a.example, b.example'])
    assert.equal(agreedHost('a.example:443', header), null, header);
  // CONNECT has no usual port.
  assert.equal(agreedHost('a.example', 'a.example'), null);
});

test('promise 9: private, link-local, loopback and disguised addresses are known for what they are', () => {
  const kinds = {
    public: ['1.1.1.1', '8.8.8.8', '172.15.0.1', '172.32.0.1', '2606:4700::1111', '2a00:1450::1'],
    private: [
      '10.0.0.1',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '127.0.0.1',
      '127.255.255.254',
      '100.64.0.1',
      '::1',
      'fc00::1',
      'fdff::1',
    ],
    never: [
      '0.0.0.0',
      '169.254.169.254',
      '100.100.100.200',
      '224.0.0.1',
      '255.255.255.255',
      '198.18.0.1',
      '::',
      'fe80::1',
      'fe80::1%eth0',
      'ff02::1',
      'fd00:ec2::254',
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
      '::127.0.0.1',
      '64:ff9b::7f00:1',
      '2002:7f00:1::',
      '2001:0:7f00:1::',
      '2001:db8::1',
      'localhost',
      '127.1',
      '',
    ],
  } as const;
  for (const [kind, addresses] of Object.entries(kinds))
    for (const address of addresses) assert.equal(addressKind(address), kind, address);
});

test('promise 9: one address that leads elsewhere is enough for no; none is no as well', () => {
  assert.equal(mayGo(['1.1.1.1', '2606:4700::1111'], false), true);
  assert.equal(mayGo(['1.1.1.1', '127.0.0.1'], false), false);
  assert.equal(mayGo(['10.0.0.1'], false), false);
  assert.equal(mayGo(['10.0.0.1', '1.1.1.1'], true), true);
  assert.equal(mayGo(['10.0.0.1', '169.254.169.254'], true), false);
  assert.equal(mayGo([], true), false);
});
