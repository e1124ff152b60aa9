/**
 * What people and programs send that is not a message: each gets a clear error, nothing of it is kept, and the host goes
 * on. And what looks odd but is a message comes back as it was sent.
 *
 * Not here: files (files.test.ts).
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '../../packages/host/test/until.ts';
import { sharedHouse } from './house/house.ts';
import { bwrapMissing, CLI_PROGRAM, NODE } from './house/machine.ts';
import { run } from './house/run.ts';

/** 256 kB, the default of maxTextBytes. */
const LIMIT = 256 * 1024;

describe('bad input', { skip: bwrapMissing, concurrency: 4 }, () => {
  const house = sharedHouse();
  const nothingKept = (thread: string) => assert.deepEqual(house.records.conversation(thread), []);

  for (const [name, stdin] of [
    ['nothing', ''],
    ['spaces and line ends', ' \n\t\r\n'],
  ] as const) {
    test(`a text of ${name} is refused as empty before it is sent`, async () => {
      const { code, stderr } = await house.bellhop(['ask', '--thread', 'empty', '-'], stdin);
      assert.equal(code, 2);
      assert.match(stderr, /empty.*\n.*\.\/bellhop ask/);
      nothingKept('empty');
    });
  }

  test('an empty message sent to the socket is refused by the host too', async () => {
    const { status, body } = await house.api.send({ id: 'e1', text: ' \n ', thread: 'empty' });
    assert.deepEqual([status, body.error.code], [400, 'empty']);
    assert.equal((await house.api.message('e1')).status, 404);
  });

  test('a text of 1 MB is refused with the limit and what to do instead', async () => {
    const { code, stdout, stderr } = await house.bellhop(
      ['ask', '--thread', 'big', '-'],
      'x'.repeat(1_000_000),
    );
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /longer than 256 kB.*\n.*--file/);
    nothingKept('big');
  });

  test('a text is measured in bytes: the last one that fits is accepted, one byte more is not', async () => {
    const fits = `x${'é'.repeat((LIMIT - 2) / 2)}y`;
    assert.equal(Buffer.byteLength(fits), LIMIT);
    const over = await house.api.send({ id: 'over', text: `${fits}!`, thread: 'limit' });
    assert.deepEqual([over.status, over.body.error.code], [413, 'text_too_long']);
    nothingKept('limit');
    assert.equal((await house.api.send({ id: 'fits', text: fits, thread: 'limit' })).status, 202);
    await until('it is answered', async () => (await house.api.message('fits')).body.settled);
    const [said, answer] = house.records.conversation('limit');
    assert.ok(said?.text === fits);
    assert.ok(answer?.text.startsWith(`You said: ${fits}`));
  });

  test('a text that takes six bytes a character in a row is answered whole, in more than one message', async () => {
    const text = `x${'\u0001'.repeat(LIMIT - 2)}y`;
    assert.equal((await house.api.send({ id: 'six', text, thread: 'six' })).status, 202);
    await until('it is answered', async () => (await house.api.message('six')).body.settled);
    const [, ...answers] = house.records.conversation('six');
    assert.ok(answers.length > 1 && answers.every(({ kind }) => kind === 'text'));
    assert.ok(
      answers
        .map((answer) => answer.text)
        .join('')
        .startsWith(`You said: ${text}`),
    );
  });

  test('text on stdin that is not UTF-8 is refused with what to do', async () => {
    const latin1 = Buffer.from('caf\xe9', 'latin1');
    const { code, stderr } = await house.program(['ask', '--thread', 'latin', '-'], latin1);
    assert.equal(code, 2);
    assert.match(stderr, /not valid UTF-8.*\n.*iconv/);
    nothingKept('latin');
  });

  test('an argument that is not UTF-8 is refused, and not sent with its bytes replaced', async () => {
    const script = `exec "${NODE}" "${CLI_PROGRAM}" ask --thread latin "$(printf 'caf\\351')"`;
    const env = house.env({ BELLHOP_DATA: house.data });
    const { code, stderr } = await run('/bin/sh', ['-c', script], { env });
    assert.equal(code, 2);
    assert.match(stderr, /not valid UTF-8/);
    nothingKept('latin');
  });

  test('bytes on the socket that are no JSON, no UTF-8 or no message are refused as such', async () => {
    for (const [body, what] of [
      [Buffer.from('{"id": "r1", "text": '), /not JSON/],
      [Buffer.from('{"id": "r1", "text": "caf\xe9", "thread": "raw"}', 'latin1'), /not valid UTF-8/],
      [Buffer.from('[]'), /./],
      [Buffer.from('{"id": "r1", "text": 7, "thread": "raw"}'), /text/],
      [Buffer.from('{"id": "../r1", "text": "hi", "thread": "raw"}'), /id|letters/],
      [Buffer.from('{"id": "r1", "text": "hi", "thread": "../../raw"}'), /thread|letters/],
    ] as const) {
      const answer = await house.api.send(body);
      assert.equal(answer.status, 400, body.toString());
      assert.match(answer.body.error.message, what);
      assert.ok(answer.body.error.hint.length > 0);
    }
    assert.equal((await house.api.message('r1')).status, 404);
    nothingKept('raw');
  });

  test('an agent that does not exist is named, with those that do', async () => {
    const { code, stderr } = await house.bellhop(['ask', '--agent', 'butler', 'hi']);
    assert.equal(code, 1);
    assert.match(stderr, /no agent butler.*\n.*bell/);
  });

  for (const [name, text] of [
    ['emoji and characters of four bytes', '👩‍👩‍👧 𝕏 🏳️‍🌈 é ü 漢字 \u{1f9d1}\u{1f3fd}'],
    ['quotes, JSON and SQL', `'"; DROP TABLE messages_in; -- {"text": "no"} \\u0041 \\n`],
    ['terminal escapes and control characters', 'red \u001b[31m, bell \u0007, end'],
    ['right-to-left marks', 'abc \u202e def \u200f'],
  ] as const) {
    test(`${name} come back as they were sent`, async () => {
      const thread = name.replaceAll(/\W/g, '-');
      const { code, stdout } = await house.bellhop(['ask', '--thread', thread, '--json', '-'], text);
      assert.equal(code, 0);
      const [said, answer] = house.records.conversation(thread);
      assert.equal(said?.text, text);
      assert.ok(answer?.text.startsWith(`You said: ${text}\n`));
      assert.equal(JSON.parse(stdout).reply, answer?.text);
    });
  }

  test('a NUL in a text neither cuts it nor anything after it', async () => {
    const text = 'before\u0000after';
    await house.api.send({ id: 'nul', text, thread: 'nul' });
    await until('it is answered', async () => (await house.api.message('nul')).body.settled);
    const [said, answer] = house.records.conversation('nul');
    assert.equal(said?.text, text);
    assert.ok(answer?.text.startsWith(`You said: ${text}\n`));
  });

  test('R17: characters of four bytes survive however a long text is cut on its way', async () => {
    const text = `.${'🛎'.repeat(60_000)}`;
    const { code, stdout } = await house.program(['ask', '--thread', 'long', '-'], text);
    assert.equal(code, 0);
    assert.ok(stdout.startsWith(`You said: ${text}\n`));
    assert.ok(house.records.conversation('long')[0]?.text === text);
  });
});
