/** Whole turns of the light harness against fake models: what it asks, sends, keeps, and does when a call fails. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { callTool, fail, inTurn, say } from '../../../../tests/fake-models/script.ts';
import type { ModelConfig } from '../../src/protocol.ts';
import { openRoom } from './room.ts';

const PROVIDERS: readonly ModelConfig['provider'][] = [
  'anthropic',
  'openai',
  'openai-chat',
  'google',
  'openrouter',
  'ollama',
];

for (const provider of PROVIDERS) {
  test(`${provider}: a tool works, its result is read, and the answer goes to the chat that asked`, async (t) => {
    const write = callTool('write', { path: 'a.txt', content: 'hello' }, 'Let me ', 'write.');
    const room = await openRoom(
      t,
      inTurn(write, callTool('bash', { command: 'cat a.txt' }), say('It ', 'says hello.')),
      {
        provider,
      },
    );
    room.enqueue('m1', 'write a file');
    await room.work();
    assert.deepEqual(room.texts(), ['It says hello.']);
    assert.equal(room.rows()[0]?.inReplyTo, 'm1');
    assert.equal(readFileSync(join(room.dirs.work, 'a.txt'), 'utf8'), 'hello');
    const [first, , third] = room.model.requests;
    assert.match(first?.system ?? '', /Your name is bell[\s\S]*You are a test/);
    assert.match(
      first?.turns[0]?.text ?? '',
      /<message id="2" from="here" sender="Ana"[^>]*>write a file<\/message>/,
    );
    assert.ok(first?.tools.includes('ask_user_question'));
    assert.equal(first?.model, 'test');
    assert.match(
      third?.turns.flatMap((turn) => turn.results).join() ?? '',
      /wrote 5 bytes.*hello\n\[exit code 0\]/s,
    );
    const shown = room.frames.flatMap((frame) => (frame.t === 'live' ? [frame.text] : [])).join('|');
    assert.equal(shown, 'Let me |write.|It |says hello.');
    const tools = room.frames.flatMap((frame) => (frame.t === 'tool' && frame.ok ? [frame.detail] : []));
    assert.deepEqual(tools, ['a.txt', 'cat a.txt']);
  });

  test(`${provider}: a conversation goes on after its runner was started anew`, async (t) => {
    const room = await openRoom(t, inTurn(callTool('list', {}), say('One.'), say('Two.')), { provider });
    room.enqueue('m1', 'first');
    await room.work();
    room.enqueue('m2', 'second');
    await room.work();
    const turns = room.model.requests.at(-1)?.turns ?? [];
    const shape = turns.map(({ role, text, calls, results }) => [
      role,
      text.includes('first'),
      text,
      calls,
      results.length,
    ]);
    assert.equal(turns.length, 5, JSON.stringify(shape));
    assert.match(turns[3]?.text ?? '', /One\./);
    assert.match(turns[4]?.text ?? '', /second/);
    assert.deepEqual(room.texts(), ['One.', 'Two.']);
  });

  const failures = [
    ['rate_limit', 'released', 'rate_limit'],
    ['overload', 'released', 'overload'],
    ['server', 'released', 'server'],
    ['bad_key', 'failed', 'bad_key'],
    ['no_credit', 'failed', 'no_credit'],
    ['unknown_model', 'failed', 'unknown_model'],
  ] as const;
  for (const [name, status, errorClass] of failures) {
    test(`${provider}: ${name} before an answer is ${status}, and nothing of it is sent`, async (t) => {
      const room = await openRoom(t, () => fail(name, 7), { provider });
      room.enqueue('m1', 'hello');
      await room.work();
      const ack = room.ack('m1');
      assert.deepEqual([ack.status, ack.errorClass], [status, errorClass]);
      assert.deepEqual(room.rows(), []);
      if (status === 'released') assert.ok('retryAfterMs' in ack && ack.retryAfterMs === 7_000);
    });
  }

  for (const breaks of ['overload', 'connection'] as const) {
    test(`${provider}: an answer that breaks off (${breaks}) is never half an answer`, async (t) => {
      const room = await openRoom(t, inTurn({ ...say('half an ans'), breaks }, say('A whole one.')), {
        provider,
      });
      room.enqueue('m1', 'hello');
      await room.work();
      assert.equal(room.ack('m1').status, 'released');
      assert.equal(room.ack('m1').errorClass, breaks === 'connection' ? 'network' : 'overload');
      room.again('m1');
      await room.work();
      assert.deepEqual(room.texts(), ['A whole one.']);
    });
  }

  test(`${provider}: a picture is seen by a model that sees, and is a path to another`, async (t) => {
    for (const images of [true, false]) {
      const room = await openRoom(t, () => say('A cat.'), { provider, images });
      mkdirSync(join(room.dirs.in, 'files/x'), { recursive: true });
      writeFileSync(join(room.dirs.in, 'files/x/cat.png'), '\x89PNG\r\n\x1a\n and more', 'latin1');
      const attachments = [{ type: 'image', name: 'cat.png', size: 20, localPath: 'files/x/cat.png' }];
      room.enqueue('m1', '', { content: JSON.stringify({ text: 'look', sender: 'Ana', attachments }) });
      await room.work();
      const [turn] = room.model.requests[0]?.turns ?? [];
      assert.match(turn?.text ?? '', /\[image: cat\.png — saved to .*files\/x\/cat\.png\]/);
      assert.equal(turn?.images, images ? 1 : 0);
      assert.doesNotMatch(JSON.stringify(room.continuation()), /PNG/);
    }
  });
}

test('pictures that are too many bytes for one call are paths to the model', async (t) => {
  const room = await openRoom(t, () => say('Cats.'));
  mkdirSync(join(room.dirs.in, 'files/x'), { recursive: true });
  const size = 4_500_000;
  const attachments = Array.from({ length: 6 }, (_, n) => {
    writeFileSync(join(room.dirs.in, `files/x/${n}.png`), Buffer.alloc(size, '\x89PNG\r\n\x1a\n', 'latin1'));
    return { type: 'image', name: `${n}.png`, size, localPath: `files/x/${n}.png` };
  });
  room.enqueue('m1', '', { content: JSON.stringify({ text: 'look', sender: 'Ana', attachments }) });
  await room.work();
  const [turn] = room.model.requests[0]?.turns ?? [];
  assert.equal(turn?.images, 4);
  assert.match(turn?.text ?? '', /5\.png — saved to/);
});

test('a call that fails in the middle of a turn is waited for, so that the work before it is not lost', async (t) => {
  const room = await openRoom(
    t,
    inTurn(callTool('list', {}), fail('rate_limit', 3), fail('overload'), say('Done.')),
  );
  room.enqueue('m1', 'go');
  await room.work();
  assert.deepEqual(room.texts(), ['Done.']);
  assert.deepEqual(room.waits, [3_000, 4_000]);
});

test('a model that stays away in the middle of a turn gives the turn back in the end', async (t) => {
  const room = await openRoom(t, inTurn(callTool('send_message', { text: 'I begin.' }), fail('overload')));
  room.enqueue('m1', 'go');
  await room.work();
  assert.equal(room.ack('m1').status, 'released');
  assert.equal(room.waits.length, 4);
});

test('M7: a turn that runs again is shown what it has sent, and the same again is sent once', async (t) => {
  const begin = callTool('send_message', { text: 'I begin.' });
  const again = inTurn(begin, ...Array(5).fill(fail('overload')), begin, say('Done.'));
  const room = await openRoom(t, again);
  room.enqueue('m1', 'go');
  await room.work();
  room.again('m1');
  await room.work();
  assert.deepEqual(room.texts(), ['I begin.', 'Done.']);
  assert.match(room.model.requests.at(-2)?.turns[0]?.text ?? '', /sent already[\s\S]*I begin\./);
});

test('L1: what comes while a turn runs is read between its steps, and answered by it', async (t) => {
  const room = await openRoom(t, (request) => {
    if (request.n === 1) {
      room.enqueue('m2', 'and bring milk');
      return callTool('list', {});
    }
    return say('Bread and milk.');
  });
  room.enqueue('m1', 'bring bread');
  await room.work();
  assert.deepEqual(room.texts(), ['Bread and milk.']);
  assert.equal(room.ack('m2').status, 'completed');
  assert.match(room.model.requests[1]?.turns.at(-1)?.text ?? '', /and bring milk/);
});

test('a person who stops a turn ends the call that runs', async (t) => {
  const room = await openRoom(t, () => {
    room.cancel.ring();
    return new Promise(() => undefined);
  });
  room.enqueue('m1', 'go');
  await room.work();
  assert.deepEqual([room.ack('m1').status, room.ack('m1').errorClass], ['failed', 'stopped']);
});

test('L9: blocks go where they are addressed, in order, and the scratchpad beside them to nobody', async (t) => {
  const text = 'thinking <message to="here">one</message> more <message to=\'here\'>two</message>';
  const room = await openRoom(
    t,
    inTurn(callTool('list', {}, '<message to="here">zero</message>'), say(text)),
  );
  room.enqueue('m1', 'go');
  await room.work();
  assert.deepEqual(room.texts(), ['zero', 'one', 'two']);
});

test('L9: an unknown destination is told to the agent, once, and what was right is not sent again', async (t) => {
  const wrong = '<message to="here">ok</message><message to="boss">psst</message>';
  const room = await openRoom(t, inTurn(say(wrong), say('<message to="boss">again</message>'), say('Hm.')));
  room.enqueue('m1', 'go');
  await room.work();
  assert.deepEqual(room.texts(), ['ok']);
  assert.equal(room.model.requests.length, 2);
  assert.match(room.model.requests[1]?.turns.at(-1)?.text ?? '', /not delivered.*boss.*here/s);
  assert.match(JSON.stringify(room.continuation().messages.at(-1)), /not delivered/);
});

test('a conversation that grows too long is shortened, and keeps its task and its end', async (t) => {
  const room = await openRoom(
    t,
    (request) => {
      if (request.tools.length === 0) return say('SUMMARY of it');
      const sofar = request.turns.flatMap((turn) => turn.results).length;
      const isShort = request.turns[0]?.text.includes('SUMMARY') ?? false;
      if (isShort && sofar > 0) return say('Done.');
      return callTool('bash', { command: `head -c 6000 /dev/zero | tr '\\0' ${sofar % 10}` });
    },
    { contextTokens: 24_000 },
  );
  room.enqueue('m1', 'count the ZEBRAS');
  await room.work();
  assert.deepEqual(room.texts(), ['Done.']);
  const last = room.model.requests.at(-1);
  assert.match(last?.turns[0]?.text ?? '', /SUMMARY of it[\s\S]*ZEBRAS/);
  assert.ok((last?.turns.flatMap((turn) => turn.results).length ?? 0) > 0);
});

test('a conversation that is shortened again and again keeps its task to the letter, behind long summaries', async (t) => {
  let summaries = 0;
  const room = await openRoom(
    t,
    (request) => {
      if (request.tools.length === 0) {
        summaries += 1;
        return say(`SUMMARY ${summaries} ${'s'.repeat(9_000)}`);
      }
      const sofar = request.turns.flatMap((turn) => turn.results).length;
      if (summaries === 3 && sofar > 0) return say('Done.');
      return callTool('bash', { command: `head -c 6000 /dev/zero | tr '\\0' ${sofar % 10}` });
    },
    { contextTokens: 32_000 },
  );
  room.enqueue('m1', 'count the ZEBRAS');
  await room.work();
  assert.deepEqual([room.texts(), summaries], [['Done.'], 3]);
  const begin = room.model.requests.at(-1)?.turns[0]?.text ?? '';
  assert.match(begin, /SUMMARY 3[\s\S]*count the ZEBRAS/);
  assert.equal(begin.split('SUMMARY').length, 2, 'and no summary of before stays in it');
});

test('"too long" from the model is answered by shortening, twice at most, and then in words', async (t) => {
  const room = await openRoom(t, ({ tools, turns }) =>
    tools.length > 0 && !turns[0]?.text.includes('SUMMARY') ? fail('context') : say('SUMMARY'),
  );
  room.enqueue('m1', 'go');
  await room.work();
  assert.equal(room.ack('m1').errorClass, 'context');
  const fits = await openRoom(t, ({ tools, turns, n }) => {
    if (n === 1) return say('One.');
    if (tools.length === 0) return fail('server');
    return JSON.stringify(turns).includes('shortened') ? say('Two.') : fail('context');
  });
  fits.enqueue('m1', 'first');
  await fits.work();
  fits.enqueue('m2', 'second');
  await fits.work();
  assert.deepEqual(fits.texts(), ['One.', 'Two.'], 'a summary that fails is no reason to stop');
});

test('attack: an endless agent is ended by its hundredth step, with words', async (t) => {
  const room = await openRoom(t, ({ body }) =>
    JSON.stringify(body.tool_choice).includes('none') ? say('I am not done.') : callTool('list', {}),
  );
  room.enqueue('m1', 'go');
  await room.work();
  assert.equal(room.model.requests.length, 100);
  assert.deepEqual(room.texts(), ['I am not done.']);
});

test('attack: an agent that floods is stopped, whatever it would do next', async (t) => {
  const room = await openRoom(t, ({ n }) => callTool('send_message', { text: `spam ${n}` }));
  const many = callTool('send_message', { text: 'spam' });
  const flood = await openRoom(t, () => ({ ...many, calls: Array(60).fill(many.calls[0]) }));
  flood.enqueue('m1', 'go');
  await flood.work();
  assert.deepEqual([flood.ack('m1').status, flood.ack('m1').errorClass], ['failed', 'flood']);
  assert.equal(room.model.requests.length, 0);
});

test('AGENT.md and the memory are read anew at each turn; of a long index only its head', async (t) => {
  const room = await openRoom(t, () => say('ok'));
  room.enqueue('m1', 'one');
  await room.work();
  writeFileSync(join(room.dirs.home, 'AGENT.md'), 'Speak like a PIRATE.');
  writeFileSync(join(room.dirs.memory, 'INDEX.md'), `likes TEA\n${'x'.repeat(10_000)}`);
  room.enqueue('m2', 'two');
  await room.work();
  const [before, after] = room.model.requests.map((request) => request.system);
  assert.match(before ?? '', /memory[\s\S]*empty/);
  assert.match(after ?? '', /PIRATE[\s\S]*likes TEA[\s\S]*longer than 8192 bytes/);
});

test('a follow-up, a file, a question, a reminder, an edit and a reaction go out as rows of their own', async (t) => {
  const soon = { prompt: 'tea', in_seconds: 60 };
  const room = await openRoom(
    t,
    inTurn(
      callTool('write', { path: 'out.txt', content: 'x' }),
      callTool('send_file', { path: 'out.txt', text: 'here it is' }),
      callTool('ask_user_question', { question: 'Which?', options: ['a', 'b'] }),
      callTool('schedule_task', soon),
      callTool('edit_message', { id: 3, text: 'there it is' }),
      callTool('add_reaction', { id: 2, emoji: '👍' }),
      callTool('cancel_task', { id: 'nobody' }),
      say('Done.'),
    ),
  );
  room.enqueue('m1', 'go');
  await room.work();
  const what = room
    .rows()
    .map(({ content }) => content.operation ?? content.type ?? content.action ?? content.text);
  assert.deepEqual(what, ['here it is', 'ask_question', 'schedule_task', 'edit', 'reaction', 'Done.']);
  const results = room.model.requests.at(-1)?.turns.flatMap((turn) => turn.results) ?? [];
  assert.match(results.at(-1) ?? '', /^Error: there is no task nobody$/);
  assert.ok(existsSync(join(room.dirs.work, 'out.txt')));
});
