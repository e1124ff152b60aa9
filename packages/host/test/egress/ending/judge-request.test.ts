/** What may pass to a host whose TLS ends here, and with which secrets: the decision alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeRequest, type Way, wayBy, withSecrets } from '../../../src/egress/ending/judge-request.ts';
import type { RequestRule } from '../../../src/egress/port.ts';

const TO = { host: 'api.example', port: 443 };

function rule(some: Partial<RequestRule>): RequestRule {
  const host = { agent: 'bell', ...TO, isPrivate: false };
  return { ...host, method: '*', path: '/*', secret: null, placing: null, ...some };
}

function asked(way: Way | null, method = 'GET', target = '/v1/me', headers = {}) {
  return judgeRequest({ method, target, headers, hosts: ['api.example'] }, TO, way);
}

/** Request line and headers as they go out, each secret's value being its name in capitals. */
function sent(way: Way | null, method?: string, target?: string, headers?: object) {
  const verdict = asked(way, method, target, headers);
  return verdict.kind === 'pass' ? withSecrets(verdict, (name) => name.toUpperCase()) : verdict.refusal.code;
}

test('no rule, no way; a rule for the whole host opens it, and rules add up', () => {
  assert.equal(wayBy(null, []), null);
  assert.equal(sent(null), 'not_allowed');
  const narrow = rule({ path: '/v2/*', isPrivate: true });
  assert.equal(sent(wayBy(null, [narrow])), 'not_allowed');
  const both = wayBy({ isPrivate: false }, [narrow]);
  assert.deepEqual([both?.isWhole, both?.isPrivate], [true, true]);
  assert.deepEqual(sent(both), { target: '/v1/me', headers: { host: 'api.example' } });
});

test('of two secrets for one place the narrower rule has its way; in two places both stand', () => {
  const wide = rule({ secret: 'wide', placing: 'bearer' });
  const narrow = rule({ path: '/v1/*', secret: 'narrow', placing: 'basic:me' });
  const other = rule({ secret: 'other', placing: 'query:key' });
  const readable = { 'accept-encoding': 'identity', host: 'api.example' };
  assert.deepEqual(sent(wayBy(null, [wide, narrow, other]), 'GET', '/v1/me?a=1'), {
    target: '/v1/me?a=1&key=OTHER',
    headers: { ...readable, authorization: `Basic ${btoa('me:NARROW')}` },
  });
  assert.deepEqual(sent(wayBy(null, [wide, narrow, other]), 'GET', '/v2'), {
    target: '/v2?key=OTHER',
    headers: { ...readable, authorization: 'Bearer WIDE' },
  });
});

test('a secret that is not there sends nothing', () => {
  const verdict = asked(wayBy(null, [rule({ secret: 'gone', placing: 'bearer' })]));
  assert.ok(verdict.kind === 'pass');
  assert.equal(
    withSecrets(verdict, () => null),
    null,
  );
});

test('every secret of the host is guarded, also in a request that carries none', () => {
  const one = rule({ method: 'POST', path: '/v2', secret: 'one', placing: 'header:X-Key' });
  const verdict = asked(wayBy({ isPrivate: false }, [one]), 'GET', '/v1/me', {
    'x-key': 'own',
    x_key: 'own',
    range: 'bytes=0-1',
    'accept-encoding': 'gzip',
  });
  assert.ok(verdict.kind === 'pass');
  assert.deepEqual(verdict.placed, []);
  assert.deepEqual(verdict.guarded, [{ secret: 'one', placing: 'header:X-Key' }]);
  assert.deepEqual(verdict.headers, { 'accept-encoding': 'identity', host: 'api.example' });
});
