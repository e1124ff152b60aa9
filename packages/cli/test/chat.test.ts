import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { runCli } from '../src/cli.ts';
import { fakeHost, refuse } from './fake-host.ts';
import { run, testWorld } from './test-world.ts';

test('a piped script sends each line after the one before has settled, and ends after the last', async () => {
  await using host = await fakeHost();
  const order: string[] = [];
  host.onMessage = (id, text) => {
    order.push(`sent ${text}`);
    setImmediate(() => {
      order.push(`settled ${text}`);
      host.text(`re: ${text}`, id);
      host.settle(id);
    });
  };
  const outcome = await run(['chat'], testWorld({ data: host.data }), 'one\n\ntwo\nthree');
  assert.deepEqual(order, [
    'sent one',
    'settled one',
    'sent two',
    'settled two',
    'sent three',
    'settled three',
  ]);
  assert.equal(outcome.out, 'bell: demo, no model connected\nre: one\nre: two\nre: three\n');
  assert.deepEqual([outcome.code, outcome.err], [0, '']);
});

test('replies that no event brought are printed from the state, once', async () => {
  await using host = await fakeHost();
  host.onMessage = (id) => {
    host.entries.push({
      type: 'entry',
      seq: 5,
      at: '2026-01-01T00:00:00.000Z',
      id: 'e5',
      replyTo: id,
      body: { kind: 'text', text: 'silent reply', files: [] },
    });
    host.settle(id);
  };
  const { out } = await run(['chat'], testWorld({ data: host.data }), 'hi\n');
  assert.equal(out, 'bell: demo, no model connected\nsilent reply\n');
});

test('a script in which a message failed exits 1, and goes on to the next line', async () => {
  await using host = await fakeHost();
  host.onMessage = (id, text) => {
    if (text === 'bad') return host.settle(id, 'failed', 'no memory');
    host.text('fine', id);
    host.settle(id);
  };
  const outcome = await run(['chat'], testWorld({ data: host.data }), 'bad\ngood\n');
  assert.equal(outcome.out, 'bell: demo, no model connected\nfailed: no memory\nfine\n');
  assert.equal(outcome.code, 1);
});

test('a refused message is told with its hint, and the script goes on', async () => {
  await using host = await fakeHost();
  let refused = 0;
  host.intercept = (request, response) => {
    if (request.url !== '/v1/messages' || refused > 0) return false;
    refused += 1;
    request.resume();
    refuse(response, 507, 'The disk is full.', 'Make room in the data folder.');
    return true;
  };
  host.onMessage = (id) => host.settle(id);
  const { code, err } = await run(['chat'], testWorld({ data: host.data }), 'one\ntwo\n');
  assert.equal(err, 'The disk is full.\n  Make room in the data folder.\n');
  assert.deepEqual([code, host.sent.length], [1, 1]);
});

test('a number answers the open question, /file sends a file with its text', async () => {
  await using host = await fakeHost();
  writeFileSync(join(host.data, 'n.txt'), 'notes');
  host.onMessage = (id, text) => {
    if (text === 'ask me') {
      const options = [
        { label: 'Yes', value: 'y' },
        { label: 'No', value: 'n' },
      ];
      host.say({ kind: 'question', question: 'q9', title: '', text: 'Sure?', options }, id);
    } else {
      host.text(`got ${text}`, id);
    }
    host.settle(id);
  };
  const world = testWorld({ data: host.data, cwd: host.data });
  const { out } = await run(
    ['chat'],
    world,
    'ask me\n2\n/file n.txt read it\n/file gone.txt\n/quit\nnot sent\n',
  );
  assert.match(out, /Sure\?\n {2}1\. Yes\n {2}2\. No\ngot n\ngot read it\n$/);
  assert.deepEqual(
    host.answers.map((answer) => [answer.question, answer.option]),
    [['q9', 'n']],
  );
  assert.equal(host.uploads[0]?.bytes.toString(), 'notes');
  assert.match(world.stderr.text, /There is no file: gone\.txt/);
  assert.deepEqual(
    host.sent.map((message) => message.text),
    ['ask me', 'read it'],
  );
});

test('a host that restarts is waited for: the stream resumes behind the last entry, nothing is missed or repeated', async () => {
  await using host = await fakeHost();
  const world = testWorld({ data: host.data });
  host.onMessage = (id) => {
    host.text('first', id);
    host.settle(id);
  };
  const chatting = runCli(['chat'], world);
  world.stdin.write('hello\n');
  await world.stdout.shows('first');
  await host.kill();
  await world.stderr.shows('went away');
  host.text('a reminder while nobody listened');
  world.stdin.write('again\n');
  host.onMessage = (id) => {
    host.text('second', id);
    host.settle(id);
  };
  await host.start();
  await world.stdout.shows('second');
  await world.stdout.shows('a reminder');
  world.stdin.end();
  assert.equal(await chatting, 0);
  assert.equal(host.streams.length, 2);
  assert.ok(host.streams[0] === null && [null, '1'].includes(host.streams[1] ?? null), String(host.streams));
  const lines = world.stdout.text.trimEnd().split('\n');
  assert.deepEqual(lines.slice(0, 2), ['bell: demo, no model connected', 'first']);
  assert.deepEqual(lines.slice(2).sort(), ['a reminder while nobody listened', 'second']);
  assert.deepEqual(world.stderr.text.match(/went away|Connected again/g), ['went away', 'Connected again']);
});

test('what was said before the chat began is not said again, nor can an old question be answered', async () => {
  await using host = await fakeHost();
  const before = '2025-12-31T23:59:59.999Z';
  const options = [{ label: 'Yes', value: 'y' }];
  host.say({ kind: 'text', text: 'old news', files: [] }, null, before);
  host.say({ kind: 'question', question: 'q', title: 'Old?', text: '', options }, null, before);
  host.onMessage = (id) => {
    host.text('new', id);
    host.settle(id);
  };
  const { out } = await run(['chat'], testWorld({ data: host.data }), '1\n');
  assert.equal(out, 'bell: demo, no model connected\nnew\n');
  assert.deepEqual([host.sent.length, host.answers.length], [1, 0]);
});

test('bytes that are not UTF-8 end a script with 2: the bad line is not sent', async () => {
  await using host = await fakeHost();
  host.onMessage = (id) => host.settle(id);
  const script = Buffer.concat([Buffer.from('fine\n'), Buffer.from([0xff, 0x0a]), Buffer.from('more\n')]);
  const { code, err } = await run(['chat'], testWorld({ data: host.data }), script);
  assert.equal(code, 2);
  assert.match(err, /Line 2 is not valid UTF-8/);
  assert.equal(host.sent.length, 1);
});

test('on a terminal: label, prompt, receipts, live text once, what the agent says by itself, and /quit', async () => {
  await using host = await fakeHost();
  const world = testWorld({ data: host.data, tty: true, env: { NO_COLOR: '1' } });
  host.onMessage = (id) => {
    host.emit({ type: 'receipt', message: id, state: 'at work', reason: null });
    host.emit({ type: 'live', turn: 't', text: 'Hello ' });
    host.emit({ type: 'live', turn: 't', text: '\u001b[2Jyou' });
    host.text('Hello \u001b[2Jyou', id);
    host.settle(id);
  };
  const chatting = runCli(['chat', '--thread', 'work'], world);
  await world.stdout.shows('> ');
  world.stdin.write('hi\r');
  await world.stdout.shows('␛[2Jyou\n');
  host.text('Ring: tea is ready');
  await world.stdout.shows('tea is ready');
  world.stdin.write('/quit\r');
  assert.equal(await chatting, 0);
  const { text } = world.stdout;
  assert.match(text, /^bell: demo, no model connected\nconversation work; /);
  assert.match(text, /· at work\n/);
  assert.equal(text.match(/you\n/g)?.length, 1);
  assert.ok(!text.includes('\u001b[2J'));
});

test('chat with no host exits 3; with an unknown agent 2, naming those there are', async () => {
  assert.equal((await run(['chat'], testWorld({ data: '/nonexistent' }))).code, 3);
  await using host = await fakeHost();
  const { code, err } = await run(['chat', '--agent', 'ghost'], testWorld({ data: host.data }));
  assert.equal(code, 2);
  assert.match(err, /There is: bell/);
});

test('promise 23: a card is answered by its number, at the route that decides, for exactly what was shown', async () => {
  await using host = await fakeHost();
  const words: string[] = [];
  host.intercept = (request, response) => {
    if (request.url !== '/v1/approvals/decide') return false;
    void text(request).then((body) => {
      words.push(body);
      host.emit({ type: 'answered', question: 'c1', option: 'session' });
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
    return true;
  };
  host.onMessage = (id) => {
    const body = {
      kind: 'question',
      question: 'c1',
      title: 'Bellhop asks',
      text: 'May bell reach api.example.com, port 443?',
      options: ['once', 'session'].map((value) => ({ label: value, value })),
      approval: { agent: 'bell', host: 'api.example.com', port: 443, sha256: 'f0', expiresAt: '' },
    } as const;
    host.say(body, null, '2100-01-01T00:00:00.000Z');
    host.settle(id);
  };
  const { out, code } = await run(['chat'], testWorld({ data: host.data }), 'run curl\n2\n');
  assert.match(out, /May bell reach api\.example\.com, port 443\?\n {2}1\. once\n {2}2\. session\n/);
  assert.deepEqual(
    words.map((word) => JSON.parse(word)),
    [{ id: 'c1', sha256: 'f0', decision: 'session' }],
  );
  assert.deepEqual([host.answers, code], [[], 0]);
});
