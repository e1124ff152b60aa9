/**
 * Both sides against a model, in any order of events that a generator can think of: deaths and crashes between any two,
 * a clock that jumps both ways, take-overs that stop half-way. On failure fast-check prints the seed and the shortest
 * run that fails; put both into the options of fc.assert to see it again.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SeriesChange } from '../src/host/index.ts';
import { Model } from './model.ts';
import { makeFolder, message, sql } from './support.ts';
import { BATCH, occurrence, type SweepStep, type Turn, World } from './world.ts';

/** On a disk nearly all of their time goes to syncs; with TMPDIR on a memory file system ten times as many take as long. */
const RUNS = Number(process.env.BELLHOP_TEST_MODEL_RUNS ?? 30);

const YEAR_MS = 365 * 86_400_000;
const steps: readonly SweepStep[] = ['copies', 'ends', 'inbound', 'settled', 'none', 'none', 'none', 'none'];
const statuses = ['completed', 'completed', 'failed', 'released'] as const;
const event = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('enqueue' as const),
      ids: fc.array(fc.nat(15), { minLength: 1, maxLength: 4 }),
      wakes: fc.constantFrom(true, true, false),
      delayMs: fc.constantFrom(0, 0, 0, 5_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('series' as const), n: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const), n: fc.nat(1) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('pause' as const, 'pause' as const, 'resume' as const, 'update' as const),
      n: fc.nat(1),
      afterMs: fc.constantFrom(0, 0, 30_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('on wake' as const), n: fc.nat(3) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('clock' as const),
      ms: fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: -20_000, max: 60_000 }) },
        { weight: 1, arbitrary: fc.constantFrom(-YEAR_MS, YEAR_MS) },
      ),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wake' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('boot fails' as const), costs: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('look' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('die and retry' as const),
      afterMs: fc.constantFrom(0, 0, 30_000),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('tool' as const), n: fc.nat(1) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      status: fc.constantFrom(...statuses),
      retryAfterMs: fc.constantFrom(0, 9_000),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('die' as const), costs: fc.constantFrom(true, true, false) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('sweep' as const), dies: fc.constantFrom(...steps) }),
  },
);
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

/** Does what the event says on the real thing and tells the model. An event that is impossible now is none. */
function play(world: World, model: Model, e: Event): void {
  const { turn } = world;
  switch (e.kind) {
    case 'enqueue': {
      const dueMs = e.wakes && e.delayMs > 0 ? world.nowMs + e.delayMs : 0;
      const ids = e.ids.map((n) => (e.wakes ? `m${n}` : `c${n}`));
      world.host((mailbox) => mailbox.enqueue(ids.map((id) => message(id, { trigger: e.wakes, dueMs }))));
      for (const id of ids) model.enqueued(id, e.wakes);
      return;
    }
    case 'series':
      if (model.series.has(`s${e.n}`)) return;
      world.host((mailbox) => mailbox.enqueue([occurrence(`s${e.n}`, 0)]));
      model.series.set(`s${e.n}`, 'goes on');
      return;
    case 'cancel':
      cancel(world, model, `s${e.n}`);
      return;
    case 'pause':
    case 'resume':
    case 'update':
      changeSeries(world, model, `s${e.n}`, e.kind, e.afterMs);
      return;
    case 'on wake':
      world.host((mailbox) => mailbox.enqueue([message(`w${e.n}`, { onWake: true })]));
      model.enqueued(`w${e.n}`, true, world.runner ? world.generation : 0);
      return;
    case 'clock':
      world.nowMs += e.ms;
      return;
    case 'wake':
      if (world.runner) return;
      takeOver(world, model);
      world.wake();
      return;
    case 'boot fails':
      if (world.runner) return;
      takeOver(world, model);
      world.end(e.costs, false);
      return;
    case 'look':
      if (!turn) taken(world, model);
      return;
    case 'tool':
      if (turn) model.wrote(world.tool(turn, e.n));
      return;
    case 'end':
      if (turn) ended(world, model, turn, e.status, e.retryAfterMs);
      return;
    case 'die and retry':
      play(world, model, { kind: 'die', costs: true });
      world.nowMs += e.afterMs;
      play(world, model, { kind: 'wake' });
      play(world, model, { kind: 'look' });
      return;
    case 'die':
      if (!world.runner) return;
      if (turn && e.costs) model.charged(model.heldBy(turn), world.generation);
      world.end(e.costs);
      return;
    case 'sweep':
      sweep(world, model, e.dies);
  }
}

function taken(world: World, model: Model): void {
  const turn = world.look();
  if (turn) model.took(turn);
}

function ended(
  world: World,
  model: Model,
  turn: Turn,
  status: 'completed' | 'failed' | 'released',
  retryAfterMs: number,
): void {
  world.commit(turn, status, retryAfterMs);
  model.committed(turn, status);
}

/** A boot that failed is charged to what was due, as the host finds it when it looks. */
function sweep(
  world: World,
  model: Model,
  dies: SweepStep = 'none',
  series: readonly SeriesChange[] = [],
): boolean | null {
  const [ending] = world.endings;
  const isBoot = ending?.costs === true && !ending.ready && (dies === 'none' || dies === 'settled');
  const due = isBoot ? world.host((mailbox) => mailbox.dueRows(ending.startedMs, BATCH.batchSize)) : [];
  const more = world.sweep(dies, series);
  if (more === null) model.counts.crashes += 1;
  model.charged(
    due.map((row) => row.id),
    ending?.number ?? 0,
  );
  return more;
}

function takeOver(world: World, model: Model): void {
  let more: boolean | null = true;
  while (more) {
    more = sweep(world, model);
    model.check(world);
  }
}

/** What a series has still to come. */
function waiting(world: World, series: string): string[] {
  const select = "SELECT id FROM messages_in WHERE series_id = ? AND status IN ('pending', 'paused')";
  return sql(world.folder.inbound, select, series).map((row) => String(row.id));
}

function cancel(world: World, model: Model, series: string): void {
  if (!model.series.has(series)) return;
  takeOver(world, model);
  const ids = waiting(world, series);
  sweep(world, model, 'none', [{ kind: 'cancel', id: series }]);
  model.cancelled(series, ids);
}

/** By the id of the row that is to come, as a person names it; what is in no state for it changes nothing. */
function changeSeries(
  world: World,
  model: Model,
  series: string,
  kind: 'pause' | 'resume' | 'update',
  afterMs: number,
): void {
  takeOver(world, model);
  const ids = waiting(world, series);
  const [id] = ids;
  if (id === undefined) return;
  const due = kind === 'pause' || afterMs === 0 ? {} : { dueMs: world.nowMs + afterMs };
  sweep(world, model, 'none', [{ kind, id, ...due }]);
  const state = model.series.get(series);
  if (kind === 'pause' && state === 'goes on') model.paused(series, ids);
  if (kind === 'resume' && state === 'paused') model.series.set(series, 'goes on');
}

/** Good weather until everything is over: a last message takes the context before it along. */
function drain(world: World, model: Model): void {
  world.host((mailbox) => mailbox.enqueue([message('last')]));
  model.enqueued('last', true);
  const open = () =>
    [...model.messages].filter(([id, m]) => m.end === null && !model.series.has(id.split(':')[0] ?? ''));
  // Behind whatever was put off by a clock that was wrong.
  world.nowMs += 100 * YEAR_MS;
  for (let round = 0; open().length > 0; round += 1) {
    assert.ok(round < 200, `still open: ${JSON.stringify(open())}`);
    world.nowMs += 3_600_000;
    if (!world.runner) play(world, model, { kind: 'wake' });
    if (!world.turn) taken(world, model);
    if (world.turn) ended(world, model, world.turn, 'completed', 0);
    // What is for a fresh runner alone gets one; the series never lets this one rest.
    if (round % 2 === 1) play(world, model, { kind: 'die', costs: false });
    takeOver(world, model);
    model.check(world);
  }
  for (const series of model.series.keys()) cancel(world, model, series);
  if (world.turn) ended(world, model, world.turn, 'completed', 0);
  takeOver(world, model);
  model.check(world);
}

test('D2, L1, L5, M7, W4, W6: whatever happens in whatever order, each message ends once, as it should, and no row is lost', () => {
  const sums: Record<string, number> = {};
  fc.assert(
    fc.property(fc.array(event, { minLength: 10, maxLength: 60, size: 'max' }), (events) => {
      const folder = makeFolder();
      const world = new World(folder);
      const model = new Model();
      try {
        world.host(() => undefined);
        for (const e of events) {
          play(world, model, e);
          model.check(world);
        }
        drain(world, model);
        model.checkEnd(world);
        for (const [name, n] of Object.entries(model.counts)) sums[name] = (sums[name] ?? 0) + n;
      } finally {
        world.runner?.close();
        folder.remove();
      }
    }),
    // One seed, so that what is counted below does not depend on luck.
    { numRuns: RUNS, seed: 20_261_124 },
  );
  for (const [name, n] of Object.entries(sums)) assert.ok(n > 0, `it never happened: ${name}`);
});
