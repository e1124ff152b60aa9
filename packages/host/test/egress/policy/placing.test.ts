/** How a secret is shown, what of the agent's own goes for it, and every form in which it could come back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formsOf, readPlacing, withoutHeader, withoutParameter } from '../../../src/egress/policy/placing.ts';

test('four ways to show a secret are known, and none by which the two ends understand each other', () => {
  const header = (text: string) => {
    const place = readPlacing(text);
    return place?.in === 'header' ? [place.name, place.text('s3cret')] : null;
  };
  assert.deepEqual(header('bearer'), ['authorization', 'Bearer s3cret']);
  assert.deepEqual(header('basic:me'), ['authorization', `Basic ${btoa('me:s3cret')}`]);
  assert.deepEqual(header('header:X-Api-Key'), ['x-api-key', 's3cret']);
  assert.deepEqual(readPlacing('query:key'), { in: 'query', name: 'key' });
  for (const bad of [
    ...[
      '',
      'bearer:x',
      'basic',
      'basic:',
      'basic:a:b',
      'header:',
      'header:a b',
      'header:a\r\nb',
      'query:a&b',
      'query:',
    ],
    ...[
      'header:Host',
      'header:content-length',
      'header:Transfer-Encoding',
      'header:connection',
      'header:proxy-x',
    ],
  ])
    assert.equal(readPlacing(bad), null, bad);
});

test('attack: the same header or parameter in another spelling goes as well', () => {
  const headers = { 'x-api-key': '1', x_api_key: '2', 'x-api_key': '3', 'x-api-keys': '4' };
  assert.deepEqual(withoutHeader(headers, 'x-api-key'), { 'x-api-keys': '4' });
  assert.equal(
    withoutParameter('a=1&key=2&KEY=3&%6bey=4&k%65y=5&key&+key=6;key=7&keys=8', 'key'),
    'a=1&keys=8',
  );
  assert.equal(withoutParameter('a=1&%zz=2', 'key'), null);
});

test('a secret is known in every form in which it was shown or would be said', () => {
  const value = 'a/b+c"d=0123';
  const forms = formsOf(value, ['bearer', 'basic:me']);
  for (const text of [
    value,
    encodeURIComponent(value),
    encodeURIComponent(value).toLowerCase(),
    JSON.stringify(value).slice(1, -1),
    btoa(value).replace(/=+$/, ''),
    Buffer.from(value).toString('base64url'),
    btoa(`me:${value}`).replace(/=+$/, ''),
  ])
    assert.ok(forms.includes(text), text);
});
