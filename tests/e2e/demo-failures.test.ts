/**
 * Every way in which an agent can fail, on request and in a real sandbox: the answer still comes, once, or one plain
 * notice does.
 *
 * The tries, their cause and their price are read from disk, so that an answer by luck does not pass. Not here: a host
 * that dies (host-killed.test.ts), a sandbox that cannot be started (bwrap-gone.test.ts).
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '../../packages/host/test/until.ts';
import { type Asked, type House, houseFor, sharedHouse } from './house/house.ts';
import { bwrapMissing, shortLimitS } from './house/machine.ts';

/** What was said in the conversation behind the message itself: kind and text. */
function heard(house: House, thread: string): string[] {
  const [user, ...rest] = house.records.conversation(thread);
  assert.equal(user?.kind, 'user');
  return rest.map(({ kind, text }) => `${kind}: ${text}`);
}

const back = (attempt: number) =>
  `text: I am back: this is try ${attempt} of your message, and the first answer to it.`;

/** What the message cost: tries, and times it was put off. */
function price(house: House, { session, message }: Asked): { tries?: number; releases?: number } {
  const row = house.records.inbound(session).find(({ id }) => id === message);
  return { tries: row?.tries, releases: row?.releases };
}

/** Why sandboxes of the session ended that the session is to blame for. */
function blame(house: House, { session }: Asked): (string | null)[] {
  return house.records.generations(session).flatMap((g) => (g.costs === 1 ? [g.reason] : []));
}

describe('an agent whose sandbox dies', { skip: bwrapMissing, concurrency: true }, () => {
  const house = sharedHouse({ retryBaseMs: 100, maxTries: 4 });

  test('L1: before its commit is charged one try and answers with the next', async () => {
    const asked = await house.ask('die before', 'before');
    assert.equal(asked.code, 0);
    assert.deepEqual(heard(house, 'before'), [back(2)]);
    assert.deepEqual(price(house, asked), { tries: 1, releases: 0 });
    assert.deepEqual(blame(house, asked), ['its sandbox died (exit code 137)']);
  });

  test('L1: in the middle of its commit says nothing of that turn and answers with the next', async () => {
    const asked = await house.ask('die during', 'during');
    assert.equal(asked.code, 0);
    assert.deepEqual(heard(house, 'during'), [back(2)]);
    assert.deepEqual(price(house, asked), { tries: 1, releases: 0 });
  });

  test('D8: right after its commit is heard at once and not asked again', async () => {
    const asked = await house.ask('die after', 'after');
    assert.deepEqual(heard(house, 'after'), ['text: I committed this answer and died right after it.']);
    assert.equal((await house.ask('help', 'after')).code, 0);
    assert.equal(house.records.conversation('after').filter((said) => said.kind === 'text').length, 2);
    assert.equal(price(house, asked).tries, 0);
  });

  test('at every try is told to the sender once, after the last one, and the next message is answered', async () => {
    const asked = await house.ask('run kill -9 $PPID', 'always');
    assert.equal(asked.code, 1);
    const [notice, ...more] = heard(house, 'always');
    assert.match(
      notice ?? '',
      /^notice: There is no answer to this message: its sandbox died .* send it again\.$/,
    );
    assert.deepEqual(more, []);
    assert.deepEqual(price(house, asked), { tries: 4, releases: 0 });
    assert.equal(blame(house, asked).length, 4);
    assert.equal((await house.api.status()).body.messages.failed > 0, true);
    assert.equal((await house.ask('help', 'always')).code, 0);
  });

  test('L4: fail later costs no try and is answered later, without a word in between', async () => {
    const asked = await house.ask('fail later', 'later');
    assert.deepEqual(heard(house, 'later'), [back(2)]);
    assert.deepEqual(price(house, asked), { tries: 0, releases: 1 });
    assert.deepEqual(blame(house, asked), []);
  });

  test('fail for good is told at once, in words, and not tried again', async () => {
    const asked = await house.ask('fail for good', 'good');
    assert.equal(asked.code, 1);
    assert.match(asked.stderr, /the demo was asked to fail/);
    const [notice, ...more] = heard(house, 'good');
    assert.match(notice ?? '', /^notice: There is no answer to this message: the demo was asked to fail\./);
    assert.deepEqual(more, []);
    assert.deepEqual(price(house, asked), { tries: 0, releases: 0 });
    const state = (await house.api.message(asked.message)).body;
    assert.deepEqual([state.state, state.settled], ['failed', true]);
  });

  test('W9: while one hangs, another conversation is answered', async () => {
    const events = await house.api.events('stuck');
    await house.api.send({ id: 'stuck-1', text: 'hang quietly', thread: 'stuck' });
    await events.until('it is at work', (event) => event.type === 'receipt' && event.state === 'at work');
    events.close();
    assert.equal((await house.ask('help', 'lively')).code, 0);
    const { state, replies } = (await house.api.message('stuck-1')).body;
    assert.deepEqual([state, replies], ['at work', []]);
  });

  test('flood is stopped: what it sent is there once, in order, and one notice', async () => {
    const asked = await house.ask('flood', 'flood');
    assert.equal(asked.code, 1);
    // A notice has no place in the order of what the agent sends (docs/GUARANTEES.md, 7).
    const isNotice = (line: string) => /^notice: .*more than 100 messages in one turn/.test(line);
    await until('it is told', () => heard(house, 'flood').some(isNotice));
    const said = heard(house, 'flood');
    assert.equal(said.filter(isNotice).length, 1);
    assert.deepEqual(
      said.filter((line) => !isNotice(line)),
      Array.from({ length: 100 }, (_, n) => `text: Flood ${n + 1}`),
    );
    assert.equal((await house.ask('help', 'flood')).code, 0);
  });
});

// In a house of its own: sessions share their agent's workspace, and whose sandbox starts next there dies.
test(`W18: a sandbox that dies at its start is charged too, and its last words are in the log`, {
  skip: bwrapMissing,
}, async (t) => {
  const house = houseFor(t);
  house.writeSettings({ retryBaseMs: 100 });
  await house.up();
  const asked = await house.ask('die at boot', 'boot');
  assert.deepEqual(heard(house, 'boot'), [back(3)]);
  assert.deepEqual(price(house, asked), { tries: 2, releases: 0 });
  assert.deepEqual(blame(house, asked), [
    'its sandbox died (exit code 137)',
    'its sandbox died at its start (exit code 1)',
  ]);
  assert.match(house.records.log(), /the demo was asked to die at boot/);
});

describe('an agent that hangs', { skip: bwrapMissing, concurrency: true }, () => {
  const limitS = shortLimitS();
  const quick = sharedHouse({ claimStuckMs: limitS * 1_000 });
  const strict = sharedHouse({ progressStuckMs: limitS * 1_000 });

  test('W9: without a sign of life is stopped, and the next try answers', async () => {
    const asked = await quick.ask('hang quietly', 'quiet');
    assert.deepEqual(heard(quick, 'quiet'), [back(2)]);
    assert.deepEqual(blame(quick, asked), [`it gave no sign of life for ${limitS} s`]);
    assert.deepEqual(price(quick, asked), { tries: 1, releases: 0 });
  });

  test('L15: whose heart beats and who gets nowhere is stopped, and the next try answers', async () => {
    const asked = await strict.ask('hang', 'beating');
    assert.deepEqual(heard(strict, 'beating'), [back(2)]);
    assert.deepEqual(blame(strict, asked), [`it made no progress for ${limitS} s`]);
    assert.deepEqual(price(strict, asked), { tries: 1, releases: 0 });
  });

  test('L15: with a quiet tool inside its declared time-out is left alone', async () => {
    const asked = await strict.ask(`run sleep ${limitS + 2}; echo done`, 'tool');
    assert.match(asked.reply, /^done$/m);
    assert.deepEqual(blame(strict, asked), []);
    assert.deepEqual(price(strict, asked), { tries: 0, releases: 0 });
  });
});
