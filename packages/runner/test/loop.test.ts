/**
 * One turn of the real loop over real mailbox files: follow-ups, tools, and a person who stops it. The host is a
 * function that takes frames.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { MessageId, NewMessage } from '@bellhop/mailbox';
import { InboundMailbox } from '@bellhop/mailbox/host';
import { OutboundMailbox } from '@bellhop/mailbox/runner';
import { Bell } from '../src/bell.ts';
import { Cancel } from '../src/cancel.ts';
import type { Harness } from '../src/harness.ts';
import { runLoop } from '../src/loop.ts';
import type { RunnerConfig, RunnerFrame } from '../src/protocol.ts';

interface Room {
  readonly frames: RunnerFrame[];
  readonly cancel: Cancel;
  readonly outbound: OutboundMailbox;
  enqueue(...ids: string[]): void;
  /** Runs until the agent has nothing to do, or the loop ends by itself. */
  work(run: Harness['run']): Promise<void>;
}

function openRoom(t: TestContext): Room {
  const dir = mkdtempSync(join(tmpdir(), 'bh-loop-'));
  const [inDir, outDir, workDir] = ['in', 'out', 'work'].map((name) => join(dir, name)) as [
    string,
    string,
    string,
  ];
  for (const folder of [inDir, outDir, workDir]) mkdirSync(folder);
  const outbound = OutboundMailbox.open(outDir, 1);
  t.after(() => {
    outbound.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const config: RunnerConfig = {
    session: 's',
    generation: 1,
    harness: 'test',
    agentName: 'bell',
    inDir,
    outDir,
    workDir,
    memoryDir: '',
    homeDir: '',
    extraDirs: [],
    skills: [],
    socketPath: '',
    batchSize: 3,
    contextRows: 0,
    maxFileBytes: 1_000_000,
    egressSocketPath: '',
    model: null,
    mode: 'run',
  };
  const cancel = new Cancel(0);
  const frames: RunnerFrame[] = [];
  return {
    frames,
    cancel,
    outbound,
    enqueue(...ids) {
      const inbound = InboundMailbox.open(inDir);
      inbound.enqueue(ids.map(message));
      inbound.close();
    },
    async work(run) {
      const bell = new Bell();
      const harness: Harness = { name: 'test', start: () => undefined, run };
      const emit = (frame: RunnerFrame): void => {
        frames.push(frame);
        if (frame.t === 'idle') bell.close();
      };
      await runLoop({ config, outbound, harness, bell, cancel, emit, now: Date.now });
    },
  };
}

function message(id: string): NewMessage {
  return {
    id: id as MessageId,
    kind: 'chat',
    timestampMs: 1,
    content: JSON.stringify({ text: `text of ${id}` }),
    trigger: true,
    dueMs: 0,
    recurrence: null,
    seriesId: null,
    channel: 'terminal',
    chat: 'me',
    thread: null,
  };
}

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
  const room = openRoom(t);
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
