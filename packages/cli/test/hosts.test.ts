/** `hosts`: what it says and sends, against a host that is nothing but the contract. */
import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import type { HostList } from '@bellhop/host/api';
import { fakeHost } from './fake-host.ts';
import { run, testWorld } from './test-world.ts';

test('hosts shows each rule, and sends exactly what was typed', async () => {
  await using host = await fakeHost();
  const asked: string[] = [];
  let list: HostList = { hosts: [] };
  host.intercept = (request, response) => {
    if (!request.url?.startsWith('/v1/hosts')) return false;
    void text(request).then((body) => {
      asked.push(`${request.method} ${request.url} ${body}`);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(list));
    });
    return true;
  };
  const hosts = (...words: string[]) => run(['hosts', ...words], testWorld({ data: host.data }));
  assert.equal((await hosts()).out, 'No agent may reach anything but its model.\n');
  list = {
    hosts: [
      { agent: 'bell', host: 'api.example', port: 443, private: false, method: null, path: null },
      { agent: 'bell', host: 'nas.lan', port: 8443, private: true, method: null, path: null },
    ],
  };
  assert.equal(
    (await hosts('allow', 'nas.lan:8443', '--private', '--agent', 'bell')).out,
    'bell: api.example\nbell: nas.lan:8443  (may be in your own network)\n',
  );
  await hosts('remove', 'api.example');
  list = {
    hosts: [{ agent: 'bell', host: 'api.example', port: 443, private: false, method: 'GET', path: '/v1/*' }],
  };
  assert.equal(
    (await hosts('allow', 'api.example', '--method', 'GET', '--method', 'HEAD', '--path', '/v1/*')).out,
    'bell: api.example  GET /v1/*\n',
  );
  await hosts('remove', 'api.example', '--method', 'GET');
  assert.equal((await hosts('remove', 'api.example', '--method', 'GET', '--method', 'HEAD')).code, 2);
  assert.deepEqual(asked, [
    'GET /v1/hosts ',
    'PUT /v1/hosts {"agent":"bell","host":"nas.lan:8443","private":true}',
    'POST /v1/hosts/remove {"host":"api.example"}',
    'PUT /v1/hosts {"host":"api.example","methods":["GET","HEAD"],"path":"/v1/*"}',
    'POST /v1/hosts/remove {"host":"api.example","method":"GET"}',
  ]);
  assert.equal((await hosts('allow')).code, 2);
  assert.equal((await hosts('allow', 'a', 'b')).code, 2);
});
