/** A report for people: one line per result, then the notes, and why it has failed as the last line. Pure. */
import { failureOf, type Report, type Result } from './report.ts';

const HEAD = ['name', 'unit', 'p50', 'p95', 'floor', '× floor', 'target (p50)', ''];

export function toTable(report: Report, notes: readonly string[]): string {
  const rows = [HEAD, ...report.results.map(toRow)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const failure = failureOf(report);
  return [
    `${report.bench} at ${report.commit} on ${report.machine}`,
    ...['', ...lines],
    ...(notes.length === 0 ? [] : ['', ...notes]),
    ...(failure === null ? [] : ['', failure]),
  ].join('\n');
}

function toRow({ name, unit, p50, p95, floor, times, limit, ok }: Result): string[] {
  const numbers = [p50, p95, floor?.p50, times].map((value) => (value === undefined ? '' : String(value)));
  return [name, unit, ...numbers, limitWords(limit, floor?.what ?? 'floor'), ok ? 'ok' : 'MISSED'];
}

function limitWords(limit: Result['limit'], floor: string): string {
  if ('most' in limit) return `≤ ${limit.most}`;
  const p95 = limit.p95Times === undefined ? '' : `, p95 ≤ ${limit.p95Times} ×`;
  return `≤ ${limit.times} × ${floor}${p95}`;
}
