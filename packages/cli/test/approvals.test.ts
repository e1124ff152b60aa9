/** `approvals`: what it shows and sends, against a host that is nothing but the contract. */
import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import type { ApprovalRow } from '@bellhop/host/api';
import { fakeHost } from './fake-host.ts';
import { run, testWorld } from './test-world.ts';

const ROW: ApprovalRow = {
  id: 'a1b2c3d4e5f60718',
  kind: 'reach-host',
  agent: 'bell',
  session: 's1',
  host: 'api.example.com',
  port: 443,
  sha256: 'f0',
  askedAt: '2026-06-01T12:00:00.000Z',
  expiresAt: '2026-06-02T12:00:00.000Z',
  state: 'asked',
  decision: null,
  decidedBy: null,
  decidedAt: null,
  applied: false,
};

test('approvals shows what is asked, and decides exactly what it has shown', async () => {
  await using host = await fakeHost();
  const sent: string[] = [];
  let rows: ApprovalRow[] = [];
  host.intercept = (request, response) => {
    if (!request.url?.startsWith('/v1/approvals')) return false;
    void text(request).then((body) => {
      if (request.method === 'POST') sent.push(body);
      const decided = { ...ROW, state: 'decided', decision: body === '' ? null : JSON.parse(body).decision };
      const answer = request.method === 'POST' ? decided : { approvals: rows };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
    return true;
  };
  const approvals = (...words: string[]) => run(['approvals', ...words], testWorld({ data: host.data }));
  assert.equal((await approvals()).out, 'No agent has asked for anything.\n');
  rows = [ROW, { ...ROW, id: 'a1ffffff', host: 'b.example', state: 'expired' }];
  const { out } = await approvals('list');
  assert.match(out, /^a1b2c3d4 {2}May bell reach api\.example\.com, port 443\?\n {10}until 2026-/);
  assert.match(out, /a1ffffff {2}bell to b\.example, port 443: expired\n/);
  assert.equal(
    (await approvals('allow', 'a1b2', '--session')).out.split('\n')[0],
    'allowed in that conversation: bell to api.example.com, port 443',
  );
  await approvals('deny', 'a1b2c3d4');
  const word = { id: ROW.id, sha256: 'f0' };
  assert.deepEqual(
    sent.map((body) => JSON.parse(body)),
    [
      { ...word, decision: 'session' },
      { ...word, decision: 'no' },
    ],
  );
  // Without saying for how long, with two of them, for one of several, for none.
  assert.equal((await approvals('allow', 'a1b2')).code, 2);
  assert.equal((await approvals('allow', 'a1b2', '--once', '--always')).code, 2);
  assert.equal((await approvals('deny', 'a1b2', '--once')).code, 2);
  assert.match((await approvals('deny', 'a1')).err, /More than one/);
  assert.match((await approvals('deny', 'zz')).err, /There is no question zz/);
  assert.equal(sent.length, 2);
});
