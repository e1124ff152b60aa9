import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli } from '../src/cli.ts';
import { type FakeHost, fakeHost, refuse } from './fake-host.ts';
import { run, testWorld } from './test-world.ts';

/** Answers every message with the same text. */
function answering(host: FakeHost, text: string): void {
  host.onMessage = (id) => {
    host.text(text, id);
    host.settle(id);
  };
}

test('ask prints the reply alone on stdout and exits 0', async () => {
  await using host = await fakeHost();
  answering(host, 'Hello **you** 👋');
  const outcome = await run(['ask', 'hi', 'there'], testWorld({ data: host.data }));
  assert.deepEqual(outcome, { code: 0, out: 'Hello **you** 👋\n', err: '' });
  assert.deepEqual(host.sent, [{ id: 'id-1', text: 'hi there', thread: 'main', files: [] }]);
});

test('ask --json prints one object with reply, message, session, ms and files', async () => {
  await using host = await fakeHost();
  const files = [{ name: 'a.txt', path: '/d/a.txt', size: 3 }];
  host.onMessage = (id) => {
    host.text('one', id);
    host.say({ kind: 'text', text: 'two', files }, id);
    host.settle(id);
  };
  const { out, code } = await run(['ask', '--json', 'hi'], testWorld({ data: host.data }));
  assert.deepEqual(JSON.parse(out), { reply: 'one\n\ntwo', message: 'id-1', session: 's1', ms: 0, files });
  assert.equal(code, 0);
});

test('ask shows files, options, notices and reactions in lines, and the last word of an edited text', async () => {
  await using host = await fakeHost();
  host.onMessage = (id) => {
    const first = host.text('draft', id);
    host.say({ kind: 'edit', target: first.id, text: 'final' }, id);
    host.say({ kind: 'text', text: '', files: [{ name: 'b.pdf', path: '/d/b.pdf', size: 1_200_000 }] }, id);
    const options = [
      { label: 'Yes', value: 'y' },
      { label: 'No', value: 'n' },
    ];
    host.say({ kind: 'question', question: 'q1', title: 'Sure?', text: 'It is final.', options }, id);
    host.say({ kind: 'reaction', target: 'id-1', emoji: '👍' }, id);
    host.say({ kind: 'notice', text: 'A notice.' }, id);
    host.settle(id);
  };
  const { out } = await run(['ask', 'hi'], testWorld({ data: host.data }));
  assert.equal(
    out,
    'final\n\nb.pdf (1.2 MB)  /d/b.pdf\n\nSure?\nIt is final.\n  1. Yes\n  2. No\n\nreaction: 👍\n\nA notice.\n',
  );
});

test('ask reads stdin for "-" and for no text at all', async () => {
  await using host = await fakeHost();
  answering(host, 'ok');
  await run(['ask', '-'], testWorld({ data: host.data }), 'line one\nline two\n');
  await run(['ask'], testWorld({ data: host.data }), 'Grüße\n');
  assert.deepEqual(
    host.sent.map((message) => message.text),
    ['line one\nline two', 'Grüße'],
  );
});

test('ask --file sends the bytes, relative to where the user stands', async () => {
  await using host = await fakeHost();
  answering(host, 'ok');
  writeFileSync(join(host.data, 'übung.bin'), Buffer.from([0, 255, 1]));
  writeFileSync(join(host.data, 'empty'), '');
  const world = testWorld({ data: host.data, cwd: host.data });
  const { code } = await run(['ask', 'read', '--file', 'übung.bin', '--file', 'empty'], world);
  assert.equal(code, 0);
  assert.deepEqual(host.uploads, [
    { name: 'übung.bin', bytes: Buffer.from([0, 255, 1]) },
    { name: 'empty', bytes: Buffer.alloc(0) },
  ]);
  assert.deepEqual(host.sent[0]?.files, ['f1', 'f2']);
});

test('ask --new takes a fresh thread each time, --agent and --thread go along', async () => {
  await using host = await fakeHost();
  answering(host, 'ok');
  await run(['ask', '--new', 'hi'], testWorld({ data: host.data }));
  await run(['ask', '--agent', 'bell', '--thread', 'work', 'hi'], testWorld({ data: host.data }));
  assert.match(host.sent[0]?.thread ?? '', /^new-id-/);
  assert.deepEqual([host.sent[1]?.thread, host.sent[1]?.agent], ['work', 'bell']);
});

test('a failed message exits 1 with the reason and the notice on stderr', async () => {
  await using host = await fakeHost();
  host.onMessage = (id) => {
    host.say({ kind: 'notice', text: 'bell could not answer.' }, id);
    host.settle(id, 'failed', 'gave up after 5 tries');
  };
  const outcome = await run(['ask', 'hi'], testWorld({ data: host.data }));
  assert.deepEqual(outcome, {
    code: 1,
    out: '',
    err: 'failed: gave up after 5 tries\nbell could not answer.\n',
  });
});

test('ask waits until every reply is delivered, not only until the message is answered', async () => {
  await using host = await fakeHost();
  let asked = 0;
  host.onMessage = (id) => host.states.set(id, { state: 'answered', reason: null, settled: false });
  host.intercept = (request) => {
    if (request.url !== '/v1/messages/id-1') return false;
    asked += 1;
    if (asked === 3) {
      host.text('late', 'id-1');
      host.states.set('id-1', { state: 'answered', reason: null, settled: true });
    }
    return false;
  };
  const { out } = await run(['ask', 'hi'], testWorld({ data: host.data }));
  assert.equal(out, 'late\n');
});

test('no answer within the timeout exits 4 and says that the message is not lost', async () => {
  await using host = await fakeHost();
  const world = testWorld({ data: host.data });
  host.onMessage = (id) => {
    host.states.set(id, { state: 'at work', reason: 'no free slot', settled: false });
  };
  let asked = 0;
  host.intercept = (request) => {
    if (request.url !== '/v1/messages/id-1') return false;
    asked += 1;
    if (asked === 2) world.clock.advance(30_000);
    return false;
  };
  const { code, err, out } = await run(['ask', '--timeout', '30', 'hi'], world);
  assert.equal(code, 4);
  assert.equal(out, '');
  assert.match(err, /No answer within 30 s.*at work/);
  assert.match(err, /not lost/);
});

test('a host killed in mid-wait and started again still answers, to the same message', async () => {
  await using host = await fakeHost();
  const world = testWorld({ data: host.data });
  const accepted = Promise.withResolvers<void>();
  host.onMessage = () => accepted.resolve();
  const asking = run(['ask', 'hi'], world);
  await accepted.promise;
  await host.kill();
  await host.start();
  host.text('here I am again', 'id-1');
  host.settle('id-1');
  assert.deepEqual(await asking, { code: 0, out: 'here I am again\n', err: '' });
  assert.equal(new Set(host.sent.map((message) => message.id)).size, 1);
});

test('a host that dies after accepting but before saying so gets the same id again, and answers once', async () => {
  await using host = await fakeHost();
  answering(host, 'once');
  let cut = 0;
  host.intercept = (request, response) => {
    if (request.url !== '/v1/messages' || cut > 0) return false;
    cut += 1;
    host.states.set('id-1', { state: 'accepted', reason: null, settled: false });
    host.text('once', 'id-1');
    host.settle('id-1');
    response.destroy();
    return true;
  };
  const outcome = await run(['ask', 'hi'], testWorld({ data: host.data }));
  assert.equal(cut, 1);
  assert.deepEqual(outcome, { code: 0, out: 'once\n', err: '' });
  assert.deepEqual(
    host.sent.map((message) => message.id),
    ['id-1'],
  );
});

test('the host’s refusal of a text over 1 MiB is shown with its hint, though it hangs up before all is read', async () => {
  await using host = await fakeHost();
  host.intercept = (request, response) => {
    if (request.url !== '/v1/messages') return false;
    response.setHeader('connection', 'close');
    refuse(response, 413, 'The text is larger than 1 MiB.', 'Send it as a file.');
    return true;
  };
  const outcome = await run(['ask'], testWorld({ data: host.data }), 'x'.repeat(3_000_000));
  assert.deepEqual(outcome, {
    code: 1,
    out: '',
    err: 'bellhop: The text is larger than 1 MiB.\n  Send it as a file.\n',
  });
});

test('bytes that are not UTF-8 are refused and nothing is sent; a real U+FFFD passes', async () => {
  await using host = await fakeHost();
  answering(host, 'ok');
  const bad = await run(['ask'], testWorld({ data: host.data }), Buffer.from([0x61, 0xff, 0x62]));
  assert.equal(bad.code, 2);
  assert.match(bad.err, /not valid UTF-8/);
  const rawArgs = Buffer.from([0x61, 0xff]);
  assert.equal((await run(['ask', 'a\ufffd'], testWorld({ data: host.data, rawArgs }))).code, 2);
  assert.equal((await run(['ask', 'a\ufffd'], testWorld({ data: host.data, rawArgs: null }))).code, 2);
  assert.equal(host.sent.length, 0);
  const good = testWorld({ data: host.data, rawArgs: Buffer.from('a\ufffd') });
  assert.equal((await run(['ask', 'a\ufffd'], good)).code, 0);
});

test('what cannot be meant is a usage error: nothing is sent, exit 2, and a hint says what to type', async () => {
  await using host = await fakeHost();
  mkdirSync(join(host.data, 'folder'));
  const wrong: string[][] = [
    ['ask', ''],
    ['ask', '  \n'],
    ['ask', 'hi', '--nope'],
    ['ask', 'hi', '--timeout', 'soon'],
    ['ask', 'hi', '--timeout', '0'],
    ['ask', 'hi', '--new', '--thread', 'x'],
    ['ask', 'hi', '--thread', ''],
    ['ask', 'hi', '--file', 'missing'],
    ['ask', 'hi', '--file', 'folder'],
    ['--data', '', 'ask', 'hi'],
    ['ask', 'hi', '--data', join('/tmp', 'long'.repeat(40))],
  ];
  for (const args of wrong) {
    const { code, out, err } = await run(args, testWorld({ data: host.data, cwd: host.data }));
    assert.equal(code, 2, `${args.join(' ')}: ${err}`);
    assert.equal(out, '');
    assert.match(err, /^bellhop: .+\n {2}\S.+\n$/);
  }
  assert.equal(host.sent.length, 0);
  assert.equal((await run(['ask'], testWorld({ data: host.data, tty: true }))).code, 2);
});

test('no host at first contact exits 3 at once and says how to start it', async () => {
  const { code, err } = await run(['ask', 'hi'], testWorld({ data: '/nonexistent' }));
  assert.equal(code, 3);
  assert.equal(err, 'bellhop: Bellhop is not running on /nonexistent.\n  Start it with: ./bellhop up\n');
});

test('a reply cannot rewrite the terminal: escape sequences come out as pictures, and unchanged in a pipe', async () => {
  await using host = await fakeHost();
  const attack = 'safe\u001b]0;owned\u0007\u001b[2J\u009b31m\rfake\ttab';
  answering(host, attack);
  const shown = await run(['ask', 'hi'], testWorld({ data: host.data, tty: true }));
  assert.equal(shown.out, 'safe␛]0;owned␇␛[2J�31m␍fake\ttab\n');
  const piped = await run(['ask', 'hi'], testWorld({ data: host.data }));
  assert.equal(piped.out, `${attack}\n`);
});

test('a file name cannot break out of its line', async () => {
  await using host = await fakeHost();
  host.onMessage = (id) => {
    host.say({ kind: 'text', text: '', files: [{ name: 'a\n\u001b[1mroot#', path: '/d/x', size: 1 }] }, id);
    host.settle(id);
  };
  const { out } = await run(['ask', 'hi'], testWorld({ data: host.data }));
  assert.equal(out, 'a␊␛[1mroot# (1 B)  /d/x\n');
});

test('Ctrl-C ends the wait with 130', async () => {
  await using host = await fakeHost();
  const world = testWorld({ data: host.data });
  host.onMessage = () => world.interrupt.abort();
  world.stdin.end();
  assert.equal(await runCli(['ask', 'hi'], world), 130);
});
