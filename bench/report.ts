/**
 * What every bench reports: samples become percentiles, limits become a verdict, and both become a table for people or
 * one JSON object for programs. Pure; who measures, and on what machine, is passed in.
 *
 * A `target` is the largest allowed p50, in the result's unit. Further limits (p95, a multiple of the floor) are in the
 * verdict and in the table's words, not in the JSON.
 */

export interface Measured {
  readonly name: string;
  readonly unit: string;
  readonly samples: readonly number[];
  readonly limits: Limits;
  /** What the same disk takes for the unavoidable part, in the same run. */
  readonly floor?: number;
}

export interface Limits {
  readonly p50: number;
  readonly p95?: number;
  /** p50 is at most this many times the floor. */
  readonly floors?: number;
}

export interface Result {
  readonly name: string;
  readonly unit: string;
  readonly p50: number;
  readonly p95: number;
  readonly floor?: number;
  readonly target: number;
  readonly ok: boolean;
}

export interface Report {
  readonly bench: string;
  readonly commit: string;
  readonly machine: string;
  readonly results: readonly Result[];
}

/** Nearest rank: always a value that was measured. Throws for no samples: a bench that measured nothing has failed. */
export function percentile(samples: readonly number[], percent: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
  if (value === undefined) throw new Error('there is nothing to take a percentile of');
  return value;
}

export function toResult({ name, unit, samples, limits, floor }: Measured): Result {
  const p50 = percentile(samples, 50);
  const p95 = percentile(samples, 95);
  // A multiple of a floor that was not measured is no limit that could hold.
  const overFloor = limits.floors !== undefined && !(p50 <= limits.floors * (floor ?? Number.NaN));
  const ok = p50 <= limits.p50 && p95 <= (limits.p95 ?? Number.POSITIVE_INFINITY) && !overFloor;
  return {
    name,
    unit,
    p50: rounded(p50),
    p95: rounded(p95),
    ...(floor === undefined ? {} : { floor: rounded(floor) }),
    target: limits.p50,
    ok,
  };
}

/** One line per result, then the notes. */
export function toTable(report: Report, measured: readonly Measured[], notes: readonly string[]): string {
  const limits = new Map(measured.map((m) => [m.name, m.limits]));
  const rows = report.results.map((r) => [
    r.name,
    r.unit,
    String(r.p50),
    String(r.p95),
    r.floor === undefined ? '' : String(r.floor),
    limitWords(limits.get(r.name) ?? { p50: r.target }),
    r.ok ? 'ok' : 'MISSED',
  ]);
  const all = [['name', 'unit', 'p50', 'p95', 'floor', 'target', ''], ...rows];
  const widths = (all[0] ?? []).map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [`${report.bench} at ${report.commit} on ${report.machine}`, '', ...lines, '', ...notes].join('\n');
}

function limitWords({ p50, p95, floors }: Limits): string {
  const words = [`p50 ≤ ${p50}`];
  if (floors !== undefined) words.push(`≤ ${floors} × floor`);
  if (p95 !== undefined) words.push(`p95 ≤ ${p95}`);
  return words.join(', ');
}

/** Three digits tell more than a run on a shared machine does. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
