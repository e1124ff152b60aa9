/** The verdict of `./bellhop bench`: what passes, what fails, what the last line says and how it ends. Nothing is measured here. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { type Bench, benchCommand } from '../bench/command.ts';
import { failureOf, type Measured, percentile, toResult } from '../bench/report.ts';

const ROOT = join(import.meta.dirname, '..');
const FLOOR = { what: 'bare things', samples: [1, 2, 3] };

function timed(change: Partial<Extract<Measured, { unit: 'ms' | 'µs' }>>): Measured {
  return { name: 'thing', unit: 'ms', samples: [3, 4, 5], floor: FLOOR, limit: { times: 2 }, ...change };
}

function sized(most: number): Measured {
  return { name: 'memory', unit: 'MiB', samples: [70, 80, 120], limit: { most } };
}

test('a percentile is the nearest rank: always a value that was measured', () => {
  assert.equal(percentile([9, 1, 5, 3], 50), 3);
  assert.equal(percentile([9, 1, 5, 3], 95), 9);
  assert.equal(percentile([7], 50), 7);
  assert.throws(() => percentile([], 50), /nothing/);
  assert.throws(() => percentile([1, Number.NaN], 50), /not a number/);
});

test('a time passes up to and with its multiple of the floor, however long it took', () => {
  const slow = { what: 'bare things', samples: [1_000, 2_000, 3_000] };
  assert.deepEqual(toResult(timed({ samples: [3_000, 4_000, 5_000], floor: slow })), {
    ...{ name: 'thing', unit: 'ms', p50: 4_000, p95: 5_000 },
    ...{ floor: { what: 'bare things', p50: 2_000, p95: 3_000 }, times: 2, limit: { times: 2 }, ok: true },
  });
});

test('a time beyond its multiple of the floor fails, however short it was', () => {
  const quick = { what: 'bare things', samples: [0.001, 0.002, 0.003] };
  const result = toResult(timed({ samples: [0.004, 0.00402, 0.005], floor: quick }));
  assert.equal(result.ok, false);
  assert.equal(result.reason, 'thing: 2.01 × bare things, at most 2 is allowed');
});

test('the verdict is on what was measured, not on what is shown of it', () => {
  const result = toResult(timed({ samples: [4.0001] }));
  assert.equal(result.times, 2);
  assert.equal(result.ok, false);
});

test('a 95th percentile is judged by that of the floor', () => {
  const spread = (usual: number, rare: number) =>
    Array.from({ length: 100 }, (_, n) => (n < 90 ? usual : rare));
  const floor = { what: 'bare things', samples: spread(2, 4) };
  const limit = { times: 2, p95Times: 3 };
  assert.equal(toResult(timed({ samples: spread(3, 12), floor, limit })).ok, true);
  const result = toResult(timed({ samples: spread(3, 13), floor, limit }));
  assert.equal(result.ok, false);
  assert.equal(result.reason, 'thing: p95 is 3.25 × that of bare things, at most 3 is allowed');
});

for (const [what, samples] of [
  ['was not sampled', []],
  ['took no time', [0, 0, 0]],
  // The difference of two samples may be less than nothing.
  ['took less than no time', [-1, -2, -3]],
] as const) {
  test(`a time whose floor ${what} fails`, () => {
    const result = toResult(timed({ floor: { what: 'bare things', samples } }));
    assert.equal(result.ok, false);
    assert.equal(result.reason, 'thing: its floor (bare things) was not measured');
    assert.ok(!('times' in result));
  });
}

test('a floor with a sample that is no number fails the bench', () => {
  assert.throws(
    () => toResult(timed({ floor: { what: 'bare things', samples: [1, Number.NaN] } })),
    /number/,
  );
});

test('what was not measured fails the bench', () => {
  assert.throws(() => toResult(timed({ samples: [] })), /thing: nothing was measured/);
  assert.throws(() => toResult(timed({ samples: [1, Number.NaN] })), /not a number/);
});

test('a size is judged in its own unit', () => {
  assert.equal(toResult(sized(80)).ok, true);
  const result = toResult(sized(79));
  assert.equal(result.ok, false);
  assert.equal(result.reason, 'memory: 80 MiB, at most 79 is allowed');
});

test('a time cannot be given a target in its own unit, nor a size one without', () => {
  // @ts-expect-error: a number of milliseconds depends on the machine
  const absolute: Measured = { name: 'thing', unit: 'ms', samples: [1], limit: { most: 7 } };
  // @ts-expect-error: nothing to be a multiple of
  const floorless: Measured = { name: 'thing', unit: 'ms', samples: [1], limit: { times: 2 } };
  assert.deepEqual([absolute.unit, floorless.unit], ['ms', 'ms']);
});

test('the failure names every target that was missed, in one line', () => {
  const head = { bench: 'some', commit: 'abc', machine: 'this one' };
  const results = [timed({ samples: [5] }), sized(100), sized(79)].map(toResult);
  assert.equal(
    failureOf({ ...head, results }),
    'bench some failed: thing: 2.5 × bare things, at most 2 is allowed; memory: 80 MiB, at most 79 is allowed',
  );
  assert.equal(failureOf({ ...head, results: [toResult(sized(80))] }), null);
  assert.equal(failureOf({ ...head, results: [] }), 'bench some failed: nothing was measured');
});

function benchOf(measured: readonly Measured[]): Readonly<Record<string, Bench>> {
  return {
    some: {
      about: 'something',
      async run(say) {
        say('measuring …');
        return { measured, notes: ['a note'] };
      },
    },
  };
}

async function run(argv: readonly string[], measured: readonly Measured[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await benchCommand(argv, benchOf(measured), ROOT, {
    out: (text) => out.push(...text.split('\n')),
    err: (text) => err.push(...text.split('\n')),
  });
  return { code, out, err };
}

test('a bench whose targets are met ends with 0 and its numbers', async () => {
  const { code, out, err } = await run(['some'], [timed({})]);
  assert.equal(code, 0);
  assert.match(
    out.join('\n'),
    /^some at \S+ on .+\n\nname .+\nthing +ms +4 +5 +2 +2 +≤ 2 × bare things +ok\n\na note$/,
  );
  assert.deepEqual(err, ['measuring …']);
});

test('a bench that misses a target ends with 1 and the reason as its last line', async () => {
  const { code, out } = await run(['some'], [timed({ samples: [5] }), sized(80)]);
  assert.equal(code, 1);
  assert.equal(out.at(-1), 'bench some failed: thing: 2.5 × bare things, at most 2 is allowed');
  assert.ok(out.some((line) => line.endsWith('MISSED')));
});

test('with --json stdout holds one object, and the reason is the last line of stderr', async () => {
  const { code, out, err } = await run(['some', '--json'], [timed({ samples: [5] })]);
  assert.equal(code, 1);
  const report = JSON.parse(out.join('\n'));
  assert.equal(report.results[0].ok, false);
  assert.equal(err.at(-1), `bench some failed: ${report.results[0].reason}`);
});

test('a bench that measured nothing ends with 1', async () => {
  const { code, out } = await run(['some'], []);
  assert.equal(code, 1);
  assert.equal(out.at(-1), 'bench some failed: nothing was measured');
});

test('a bench of another name is wrong usage, a word of every object too', async () => {
  for (const name of ['other', 'constructor']) {
    const { code, err } = await run([name], []);
    assert.equal(code, 2);
    assert.match(err.at(-1) ?? '', /^There is no bench .+ There is: some$/);
  }
});

test('a bench that cannot be run ends with 1 and the reason as its last line', async () => {
  await using folder = await temporary();
  // Without a PATH there is no bubblewrap.
  const env = { BELLHOP_DATA: join(folder.path, 'data'), HOME: folder.path, PATH: folder.path };
  const child = spawn(process.execPath, [join(ROOT, 'bench', 'main.ts'), 'overhead'], { env });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  assert.equal(child.exitCode, 1);
  assert.equal(out, '');
  assert.match(err.trimEnd().split('\n').at(-1) ?? '', /^bench failed: .*bwrap/);
});

async function temporary() {
  const path = await mkdtemp(join(tmpdir(), 'bh-bench-test-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
