/**
 * What every bench reports, and the verdict on it. Pure; who measures, and on what machine, is passed in.
 *
 * A time says more about the machine than about Bellhop, so no target is a number of milliseconds: what is measured in a
 * unit of time is judged by its floor, the unavoidable part of the same work, measured in the same run. The types allow
 * nothing else. Sizes and counts do not depend on the machine and have a target in their own unit.
 */

/** The unavoidable part, sampled in turn with what stands on it. */
export interface Floor {
  /** In words that follow "2 ×". */
  readonly what: string;
  /** In the unit of what stands on it. */
  readonly samples: readonly number[];
}

interface Timed {
  readonly name: string;
  readonly unit: 'µs' | 'ms';
  readonly samples: readonly number[];
  readonly floor: Floor;
  readonly limit: TimesLimit;
}

interface TimesLimit {
  /** The largest allowed p50, as a multiple of the floor's p50. */
  readonly times: number;
  /** The largest allowed p95, as a multiple of the floor's p95: a machine that is busy now and then hits both. */
  readonly p95Times?: number;
}

interface Sized {
  readonly name: string;
  readonly unit: 'MiB' | 'kB' | 'commits' | 'count';
  readonly samples: readonly number[];
  readonly floor?: never;
  /** The largest allowed p50, in the unit. */
  readonly limit: { readonly most: number };
}

export type Measured = Timed | Sized;

export interface Result {
  readonly name: string;
  readonly unit: string;
  readonly p50: number;
  readonly p95: number;
  readonly floor?: { readonly what: string; readonly p50: number; readonly p95: number };
  /** p50 over the floor's p50. */
  readonly times?: number;
  readonly limit: TimesLimit | { readonly most: number };
  readonly ok: boolean;
  /** Why not, in one sentence. */
  readonly reason?: string;
}

export interface Report {
  readonly bench: string;
  readonly commit: string;
  readonly machine: string;
  readonly results: readonly Result[];
}

/** Nearest rank: always a value that was measured. Throws when there is none: a bench that measured nothing has failed. */
export function percentile(samples: readonly number[], percent: number): number {
  if (!samples.every(Number.isFinite)) throw new Error('a sample is not a number');
  const sorted = samples.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
  if (value === undefined) throw new Error('there is nothing to take a percentile of');
  return value;
}

export function toResult(measured: Measured): Result {
  const { name, unit, samples, floor, limit } = measured;
  if (samples.length === 0) throw new Error(`${name}: nothing was measured`);
  const [p50, p95] = percentiles(samples);
  const head = { name, unit, p50: rounded(p50), p95: rounded(p95) };
  if (!floor) {
    const over = p50 <= limit.most ? null : `${head.p50} ${unit}, at most ${limit.most} is allowed`;
    return { ...head, limit, ...verdict(name, over) };
  }
  const [bareP50, bareP95] = floor.samples.length === 0 ? [0, 0] : percentiles(floor.samples);
  // A multiple of nothing is no limit that could hold.
  if (!(bareP50 > 0))
    return { ...head, limit, ...verdict(name, `its floor (${floor.what}) was not measured`) };
  const measuredFloor = { what: floor.what, p50: rounded(bareP50), p95: rounded(bareP95) };
  const over = overFloor(p50 / bareP50, p95 / bareP95, floor.what, limit);
  return { ...head, floor: measuredFloor, times: rounded(p50 / bareP50), limit, ...verdict(name, over) };
}

function percentiles(samples: readonly number[]): [p50: number, p95: number] {
  return [percentile(samples, 50), percentile(samples, 95)];
}

function overFloor(times: number, p95Times: number, what: string, limit: TimesLimit): string | null {
  if (!(times <= limit.times)) return `${rounded(times)} × ${what}, at most ${limit.times} is allowed`;
  if (limit.p95Times === undefined || p95Times <= limit.p95Times) return null;
  return `p95 is ${rounded(p95Times)} × that of ${what}, at most ${limit.p95Times} is allowed`;
}

function verdict(name: string, reason: string | null): Pick<Result, 'ok' | 'reason'> {
  return reason === null ? { ok: true } : { ok: false, reason: `${name}: ${reason}` };
}

/** Why a run has failed, in one line; null when every target is met. */
export function failureOf({ bench, results }: Report): string | null {
  if (results.length === 0) return `bench ${bench} failed: nothing was measured`;
  const missed = results.filter(({ ok }) => !ok).map(({ name, reason }) => reason ?? name);
  return missed.length === 0 ? null : `bench ${bench} failed: ${missed.join('; ')}`;
}

/** Three digits tell more than a run on a shared machine does. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
