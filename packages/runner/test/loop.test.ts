/**
 * One turn of the real loop over real mailbox files: follow-ups, tools, and a person who stops it. Where its words go is
 * in mixed.test.ts.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MessageId } from '@bellhop/mailbox';
import { openRoom, type Room } from './room.ts';

const endOf = (room: Room, id: string) => room.outbound.acks().get(id as MessageId);
const answers = (room: Room) => [...room.outbound.rowIds()].length;

test('L1: a follow-up is part of the turn that took it up, and is acked by its commit, not before', async (t) => {
  const room = openRoom(t);
  room.enqueue('m1');
  await room.work(async (input, tools) => {
    room.enqueue('m2');
    const [more, ...others] = await tools.followUps();
    assert.deepEqual([more?.text, others], ['text of m2', []]);
    assert.equal(endOf(room, 'm2')?.status, 'processing');
    assert.deepEqual(await tools.followUps(), [], 'each is given once');
    return { texts: [`${input.messages.length} and ${more?.text}`] };
  });
  const [first, second] = ['m1', 'm2'].map((id) => endOf(room, id));
  assert.deepEqual([first?.status, second?.status], ['completed', 'completed']);
  assert.equal(first?.turnId, second?.turnId);
  const [row] = room.outbound.sent(first?.turnId as never);
  assert.equal(row?.inReplyTo, 'm2', 'it answers the last one');
  assert.equal(room.frames.filter((frame) => frame.t === 'working').length, 2);
});

test('a turn takes up no more follow-ups than a batch holds', async (t) => {
  const room = openRoom(t, undefined, 3);
  room.enqueue('m1');
  const taken: number[] = [];
  await room.work(async (_input, tools) => {
    if (taken.length === 0) room.enqueue('m2', 'm3', 'm4');
    taken.push((await tools.followUps()).length);
    return { texts: [] };
  });
  assert.deepEqual(taken, [2, 0]);
});

test('a tool is shown while it runs, with its end, and counted', async (t) => {
  const room = openRoom(t);
  room.enqueue('m1');
  await room.work(async (_input, tools) => {
    await tools.tool({ name: 'bash', detail: 'x'.repeat(300), timeoutMs: 1_000 }, async () => 1);
    const broken = tools.tool({ name: 'read', detail: 'f', timeoutMs: null }, async () => {
      throw new Error('no file');
    });
    await assert.rejects(broken);
    return { texts: [] };
  });
  const tools = room.frames.flatMap((frame) => (frame.t === 'tool' ? [frame] : []));
  assert.deepEqual(
    tools.map(({ n, name, ok }) => [n, name, ok]),
    [
      [1, 'bash', null],
      [1, 'bash', true],
      [2, 'read', null],
      [2, 'read', false],
    ],
  );
  assert.equal(tools[0]?.detail.length, 200);
});

test('a person who stops the turn ends it as failed, at once and not for another try', async (t) => {
  const room = openRoom(t);
  room.enqueue('m1');
  await room.work(async (_input, tools) => {
    room.cancel.ring();
    tools.signal.throwIfAborted();
    return { texts: ['never'] };
  });
  const end = endOf(room, 'm1');
  assert.deepEqual([end?.status, end?.error], ['failed', 'you stopped it']);
  assert.equal(answers(room), 0);
  assert.equal(room.cancel.abandoned, false);
});

test('an answer that was finished when the person stopped the turn is not thrown away', async (t) => {
  const room = openRoom(t);
  room.enqueue('m1');
  await room.work(async () => {
    room.cancel.ring();
    return { texts: ['here it is'] };
  });
  assert.equal(endOf(room, 'm1')?.status, 'completed');
  assert.equal(answers(room), 1);
});

test('a harness that does not stop is left behind: its turn has failed and the loop ends', async (t) => {
  const room = openRoom(t);
  room.enqueue('m1', 'm2');
  await room.work(() => {
    room.cancel.ring();
    return new Promise(() => undefined);
  });
  assert.equal(endOf(room, 'm1')?.status, 'failed');
  assert.equal(room.cancel.abandoned, true);
  assert.ok(!room.frames.some((frame) => frame.t === 'idle'), 'it looked for nothing more');
});

test('a stop that comes between two turns ends neither', async (t) => {
  const room = openRoom(t);
  room.cancel.ring();
  room.enqueue('m1');
  await room.work(async () => ({ texts: ['fine'] }));
  assert.equal(endOf(room, 'm1')?.status, 'completed');
});
