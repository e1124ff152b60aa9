/** To which task a call is reckoned: a guess, and always the same one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { promptIn, readUsageByTask, sumsByTask } from '../src/usage-by-task.ts';
import { toRow } from './supervisor/life.ts';
import { openHouse } from './supervisor/world.ts';
import { until } from './until.ts';

const call = (key: string, atMs: number, chargedMicros = 1) => {
  const used = { calls: 1, inputTokens: 10, outputTokens: 1, cachedTokens: 0, unpriced: 0 };
  return { key, atMs, ...used, costMicros: chargedMicros, chargedMicros };
};

test('a call counts for the answer that came next in its session; what nothing was answered to, for people', () => {
  const answers = [
    { session: 's1', atMs: 300, task: 'task:b' },
    { session: 's1', atMs: 100, task: null },
    { session: 's1', atMs: 200, task: 'task:a' },
    { session: 's2', atMs: 200, task: 'task:a' },
  ];
  const calls = [50, 100, 101, 150, 200, 250, 301].map((atMs) => call('s1', atMs));
  const sums = sumsByTask([...calls, call('s2', 7, 9), call('s3', 1)], answers);
  assert.deepEqual(
    sums.map(({ key, session, calls: n, chargedMicros }) => [key, session, n, chargedMicros]),
    [
      ['task:a', 's2', 1, 9],
      ['', 's1', 4, 4],
      ['task:a', 's1', 3, 3],
      ['task:b', 's1', 1, 1],
    ],
  );
});

test("the content of a task that says nothing fit to show stands in nobody's way", () => {
  assert.equal(promptIn('{"prompt": "look at the mail"}'), 'look at the mail');
  for (const odd of ['', 'look', 'null', '[]', '{"prompt": 7}', '{"prompt": " "}'])
    assert.equal(promptIn(odd), null, odd);
});

test('a task that ran is named by what it is to do; what was asked before it is not its own', async (t) => {
  const house = await openHouse(t);
  const { clock, store, mailboxes } = house;
  const plan = {
    action: 'schedule_task',
    taskId: 'soon',
    prompt: 'water\n the plants',
    processAfter: new Date(clock.now() + 1_000).toISOString(),
  };
  house.runtime.next = [
    async (life) => {
      await life.ready();
      const turn = life.claim(clock.now());
      assert.ok(turn);
      life.outbound.commitTurn({
        turnId: turn.turnId,
        rows: [
          toRow('plan', turn.messages.at(-1), plan, 'system'),
          toRow('words', turn.messages.at(-1), { text: 'later' }),
        ],
        acks: turn.messages.map((message) => ({ message, status: 'completed' })),
        continuation: null,
        prune: { acksThrough: 0, rowsThrough: 0 },
        inboundSeq: 2,
        nowMs: clock.now(),
      });
      life.exit(0);
    },
  ];
  const session = await house.say('m1');
  await house.end('m1', 'answered');
  const asked = call(session.id, clock.now());
  clock.advance(1_000);
  const ofTask = call(session.id, clock.now(), 5);
  const answered = 'SELECT out_id FROM deliveries WHERE in_reply_to = ?';
  await until('the task is answered', async () => (await store.read.all(answered, 'task:soon')).length > 0);
  const sums = await readUsageByTask({ store, mailboxes, calls: () => [asked, ofTask] });
  assert.deepEqual(
    sums.map(({ key, label, chargedMicros }) => [key, label, chargedMicros]),
    [
      [`${session.id} task:soon`, 'water the plants', 5],
      ['', 'asked by people', 1],
    ],
  );
});
