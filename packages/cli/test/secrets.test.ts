/** `secrets`: what it says and sends, against a host that is nothing but the contract. */
import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fakeHost } from './fake-host.ts';
import { run, testWorld } from './test-world.ts';

const GRANT = { agent: 'bell', host: 'api.example', port: 443, method: 'GET', path: '/v1/*', as: 'bearer' };
const LIST = {
  secrets: [
    {
      name: 'github',
      setAt: '2026-11-20T10:00:00.000Z',
      usedAt: null,
      readable: true,
      grants: [
        { ...GRANT, private: false },
        { ...GRANT, port: 8443, method: null, private: true },
      ],
    },
    { name: 'old', setAt: null, usedAt: null, readable: false, grants: [] },
  ],
};

test('secrets shows each with its grants, and sends exactly what was typed', async () => {
  await using host = await fakeHost();
  const asked: string[] = [];
  host.intercept = (request, response) => {
    if (!request.url?.startsWith('/v1/secrets')) return false;
    void text(request).then((body) => {
      asked.push(`${request.method} ${request.url} ${body}`);
      const answer = request.url?.endsWith('rotate') ? { sealed: 3 } : LIST;
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
    return true;
  };
  const secrets = (...words: string[]) => run(['secrets', ...words], testWorld({ data: host.data }));
  const shown = [
    'github  set 2026-11-20 10:00, used never',
    '  bell: api.example GET /v1/* as bearer',
    '  bell: api.example:8443 any method /v1/* as bearer  (may be in your own network)',
    'old  set never, used never  unreadable: the key of the vault does not open it',
    '  granted for nothing',
  ];
  assert.equal((await secrets()).out, `${shown.join('\n')}\n`);
  const to = ['--host', 'api.example', '--method', 'get'];
  await secrets(
    'grant',
    'github',
    '--as',
    'basic:me',
    ...to,
    '--method',
    'HEAD',
    '--path',
    '/v1/*',
    '--private',
  );
  await secrets('revoke', 'github', ...to, '--port', '8443', '--agent', 'bell');
  await secrets('remove', 'github');
  assert.equal((await secrets('rotate')).out, 'The vault has a new key; 3 secrets are sealed with it.\n');
  assert.deepEqual(asked, [
    'GET /v1/secrets ',
    'POST /v1/secrets/grant {"secret":"github","host":"api.example","path":"/v1/*","as":"basic:me","methods":["GET","HEAD"],"private":true}',
    'POST /v1/secrets/revoke {"secret":"github","host":"api.example","port":8443,"agent":"bell","method":"GET"}',
    'POST /v1/secrets/remove {"name":"github"}',
    'POST /v1/secrets/rotate {}',
  ]);
  for (const wrong of [
    ['grant', 'x'],
    ['grant', 'x', '--host', 'a'],
    ['revoke', 'x', ...to, '--method', 'HEAD'],
    ['set'],
  ])
    assert.equal((await secrets(...wrong)).code, 2, wrong.join(' '));
});

test('attack: a value among the arguments is refused, is not repeated and goes nowhere', async () => {
  await using host = await fakeHost();
  const asked: string[] = [];
  host.intercept = (request) => {
    asked.push(request.url ?? '');
    return false;
  };
  const { code, out, err } = await run(
    ['secrets', 'set', 'github', 'canary-0123456789'],
    testWorld({ data: host.data }),
  );
  assert.equal(code, 2);
  assert.match(err, /never an argument.*Nothing was stored/);
  assert.doesNotMatch(out + err, /canary/);
  assert.deepEqual(asked, []);
});
