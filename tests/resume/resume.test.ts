/**
 * The six properties of "Resume Means Resume" (arXiv:2608.03836), as they read on our turn: its checkpoint is the commit
 * of a turn (M6), its log of effects are the rows of the turn's tools (M7), and what resumes is the next generation.
 *
 * What is not ours to promise: that a model says the same words again. An effect is the same when turn, tool, place and
 * arguments are; a model that words a message differently the second time has sent another message (docs/GUARANTEES.md).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TurnInput, TurnTools } from '../../packages/runner/src/harness.ts';
import { Died, openRoom, type Room } from './room.ts';

const texts = (room: Room): string[] =>
  room.read().rows.map((row) => (JSON.parse(row.content) as { text: string }).text);
const ids = (room: Room): string[] => room.read().rows.map((row) => row.id);

/** Sends twice, then answers; dies where it is told to. */
function sender(die: 'before' | 'between' | 'after' | 'in the commit' | 'nowhere', seen: TurnInput[] = []) {
  const stop = (at: typeof die) => {
    if (at === die) throw new Died();
  };
  return async (input: TurnInput, tools: TurnTools) => {
    seen.push(input);
    stop('before');
    await tools.send('same words');
    stop('between');
    // Equal calls are two effects, not one.
    await tools.send('same words');
    stop('after');
    return {
      texts: ['the end'],
      continuation: `${input.continuation ?? ''}+`,
      onCommit: (stage: 'inside' | 'done') => (stage === 'inside' ? stop('in the commit') : undefined),
    };
  };
}

const ALL = ['same words', 'same words', 'the end'];
const DEATHS = ['before', 'between', 'after', 'in the commit'] as const;

for (const die of DEATHS) {
  test(`effect exactly-once: a turn that dies ${die} and runs again has each of its effects once`, async (t) => {
    const room = openRoom(t);
    room.enqueue('m1');
    assert.equal(await room.live(sender(die)), true);
    const before = ids(room);
    room.charge();
    assert.equal(await room.live(sender('nowhere')), false);
    assert.deepEqual(texts(room), ALL);
    assert.deepEqual(ids(room).slice(0, before.length), before, 'what was there is kept, not written anew');
  });
}

test('prefix continuation: what resumes begins at the last commit, under the same turn, and is shown what it sent', async (t) => {
  const room = openRoom(t);
  const seen: TurnInput[] = [];
  room.enqueue('m1');
  await room.live(sender('nowhere', seen));
  room.enqueue('m2');
  await room.live(sender('between', seen));
  room.charge();
  await room.live(sender('nowhere', seen));
  const [, died, resumed] = seen;
  assert.equal(died?.continuation, '+');
  assert.equal(resumed?.continuation, '+', 'nothing of the half turn is in what it goes on from');
  assert.equal(resumed?.turnId, died?.turnId);
  assert.deepEqual(died?.sent, []);
  assert.deepEqual(
    resumed?.sent.map((row) => JSON.parse(row).text),
    ['same words'],
  );
  assert.deepEqual(
    resumed?.messages.map(({ attempt }) => attempt),
    [2],
  );
});

test('fork determinism: two that resume from one checkpoint and do the same have the same effects under the same ids', async (t) => {
  const room = openRoom(t);
  room.enqueue('m1');
  await room.live(sender('between'));
  room.charge();
  const fork = room.fork(t);
  await room.live(sender('nowhere'));
  await fork.live(sender('nowhere'));
  assert.deepEqual(fork.read().rows, room.read().rows);
  assert.equal(fork.continuation(), room.continuation());
});

test('fork determinism: two that do different things do not hinder each other', async (t) => {
  const room = openRoom(t);
  room.enqueue('m1');
  await room.live(sender('between'));
  room.charge();
  const fork = room.fork(t);
  await fork.live(async (_, tools) => {
    await tools.send('other words');
    return { texts: ['another end'] };
  });
  await room.live(sender('nowhere'));
  assert.deepEqual(texts(room), ALL);
  assert.deepEqual(texts(fork), ['same words', 'other words', 'another end']);
});

test('checkpoint validity: answer, acks and memory of a turn are there together, or none of them is', async (t) => {
  for (const die of [...DEATHS, 'nowhere'] as const) {
    const room = openRoom(t);
    room.enqueue('m1');
    await room.live(sender(die));
    const whole = die === 'nowhere';
    assert.equal(texts(room).includes('the end'), whole, die);
    assert.equal(room.read().acks.length, whole ? 1 : 0, die);
    assert.equal(room.continuation(), whole ? '+' : null, die);
  }
});

test('consume-once: a message is acked by one turn, and by the one that took it up', async (t) => {
  const room = openRoom(t);
  room.enqueue('m1');
  const turns: TurnInput[] = [];
  await room.live(async (input, tools) => {
    turns.push(input);
    if (turns.length === 1) {
      room.enqueue('m2');
      const followed = await tools.followUps();
      assert.deepEqual(followed.length, 1);
    }
    return { texts: [] };
  });
  assert.equal(turns.length, 1, 'what a running turn took up is nobody else’s');
  const acks = room.read().acks.map(({ messageId, status, turnId }) => [messageId, status, turnId]);
  assert.deepEqual(acks, [
    ['m1', 'completed', turns[0]?.turnId],
    ['m2', 'completed', turns[0]?.turnId],
  ]);
  // The host has not looked yet; a next life finds them pending, and leaves them.
  await room.live(() => assert.fail('there is nothing left to do'));
});

test('consume-once: what a turn took up and lost by its death is taken up again, by that turn, once', async (t) => {
  const room = openRoom(t);
  room.enqueue('m1');
  await room.live(async (_, tools) => {
    room.enqueue('m2');
    await tools.followUps();
    throw new Died();
  });
  room.charge();
  const turns: TurnInput[] = [];
  await room.live(async (input) => {
    turns.push(input);
    return { texts: [] };
  });
  assert.deepEqual(
    turns.map(({ messages }) => messages.length),
    [2],
  );
});

test('recovery determinism: however often the end of a life is looked at, it costs one try, and the next life is the same', async (t) => {
  const once = openRoom(t);
  once.enqueue('m1');
  await once.live(sender('after'));
  const often = once.fork(t);
  once.charge();
  for (let n = 0; n < 3; n += 1) often.charge();
  assert.deepEqual([once.tries('m1'), often.tries('m1')], [1, 1]);
  await once.live(sender('nowhere'));
  await often.live(sender('nowhere'));
  assert.deepEqual(often.read().rows, once.read().rows);
});

test('recovery determinism: a life that dies in its recovery changes nothing for the one after it', async (t) => {
  const room = openRoom(t);
  room.enqueue('m1');
  for (const die of ['between', 'before', 'after', 'in the commit'] as const) {
    assert.equal(await room.live(sender(die)), true);
    room.charge();
  }
  await room.live(sender('nowhere'));
  assert.deepEqual(texts(room), ALL);
});
