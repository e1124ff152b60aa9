/** `packages`: what it says and sends, against a host that is nothing but the contract. */
import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import type { PackageList, PackageLog } from '@bellhop/host/api';
import { fakeHost } from './fake-host.ts';
import { run, testWorld } from './test-world.ts';

test('packages sends the names as they were typed, each a word of its own, and says what became of them', async () => {
  await using host = await fakeHost();
  const asked: string[] = [];
  let list: PackageList = { packages: [] };
  host.intercept = (request, response) => {
    if (!request.url?.startsWith('/v1/packages')) return false;
    void text(request).then((body) => {
      asked.push(`${request.method} ${request.url} ${body}`);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(list));
    });
    return true;
  };
  const packages = (...words: string[]) => run(['packages', ...words], testWorld({ data: host.data }));
  assert.equal((await packages()).out, 'No agent has packages of its own.\n');
  list = { packages: [{ agent: 'bell', apt: ['jq'], npm: ['a@1.0.0'], state: 'building', why: null }] };
  assert.equal(
    (await packages('add', '--apt', 'jq', '--npm', 'a@1.0.0', '--agent', 'bell')).out,
    'bell: apt jq, npm a@1.0.0\n  being installed; see: ./bellhop packages log\n',
  );
  list = { packages: [{ agent: 'bell', apt: ['jq'], npm: [], state: 'failed', why: 'no\u001b[31m such' }] };
  const failed = await packages('remove', '--npm=--flag');
  assert.match(failed.out, /^bell: apt jq\n {2}not installed; what was there before stays\n {2}no/);
  assert.ok(!failed.out.includes('\u001b'));
  assert.deepEqual(asked, [
    'GET /v1/packages ',
    'POST /v1/packages/add {"agent":"bell","apt":["jq"],"npm":["a@1.0.0"]}',
    'POST /v1/packages/remove {"apt":[],"npm":["--flag"]}',
  ]);
  assert.equal((await packages('install', 'jq')).code, 2);
  assert.equal((await packages('add', 'jq')).code, 2);
});

test('packages log follows a build to its end, and ends as it did', async () => {
  await using host = await fakeHost();
  const pieces: PackageLog[] = [
    { text: 'Step 1\nSte', next: 10, state: 'building', why: null },
    { text: '', next: 10, state: 'building', why: null },
    { text: 'p 2\u001b[2J\n', next: 18, state: 'failed', why: 'no such package' },
    { text: '', next: 18, state: 'failed', why: 'no such package' },
  ];
  const asked: string[] = [];
  host.intercept = (request, response) => {
    if (!request.url?.startsWith('/v1/packages/log')) return false;
    asked.push(request.url);
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify(pieces[asked.length - 1]));
    return true;
  };
  const { out, err, code } = await run(['packages', 'log'], testWorld({ data: host.data }));
  assert.match(out, /^Step 1\nStep 2.*\n$/);
  assert.ok(!out.includes('\u001b'));
  assert.match(err, /no such package/);
  assert.equal(code, 1);
  assert.deepEqual(
    asked.map((url) => url.split('?')[1]),
    ['from=0', 'from=10', 'from=10', 'from=18'],
  );
});
