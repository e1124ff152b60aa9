/** `skills`: what it says and sends, against a host that is nothing but the contract. */
import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import type { SkillList } from '@bellhop/host/api';
import { fakeHost } from './fake-host.ts';
import { run, testWorld } from './test-world.ts';

test('skills tells what is there, for whom it is on and why not, and sends what was typed', async () => {
  await using host = await fakeHost();
  const asked: string[] = [];
  let list: SkillList = { folder: '/data/skills', skills: [] };
  host.intercept = (request, response) => {
    if (request.url !== '/v1/skills') return false;
    void text(request).then((body) => {
      asked.push(`${request.method} ${body}`);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(list));
    });
    return true;
  };
  const skills = (...words: string[]) => run(['skills', ...words], testWorld({ data: host.data }));
  assert.match((await skills()).out, /^No skills\. .* in \/data\/skills\n$/);
  list = {
    folder: '/data/skills',
    skills: [
      { name: 'a', description: 'how', problem: null, agents: ['bell'] },
      { name: 'b\u001b[2J', description: null, problem: 'it is a link', agents: [] },
    ],
  };
  const { out } = await skills('on', 'a', '--agent', 'bell');
  assert.match(out, /^a: on for bell\n {2}how\nb.*: off\n {2}not shown: it is a link\n$/);
  assert.ok(!out.includes('\u001b'));
  await skills('off', 'a');
  assert.deepEqual(asked, [
    'GET ',
    'POST {"agent":"bell","skill":"a","on":true}',
    'POST {"skill":"a","on":false}',
  ]);
  assert.equal((await skills('on')).code, 2);
});
