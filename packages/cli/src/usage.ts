/** `bellhop usage`: what the agents' calls to their models used, and what that cost. The host adds up. */
import type { UsageRow, UsageView } from '@bellhop/host/api';
import { flag, text } from './args.ts';
import type { Context } from './command.ts';
import { clientFor, firstContact } from './connect.ts';
import { within } from './deadline.ts';
import { FailedError } from './errors.ts';
import { styleFor } from './style.ts';
import { oneLine } from './text.ts';

const LONGEST_WAIT_MS = 10_000;

export async function usage({ world, data, parsed }: Context): Promise<number> {
  const by = text(parsed, 'by', 'usage') ?? 'agent';
  const silent = () => new FailedError('Bellhop does not answer.', 'See why: ./bellhop logs');
  const view = await within(world, LONGEST_WAIT_MS, silent, (signal) =>
    firstContact(data, () => clientFor(data).usage(by, signal)),
  );
  const style = styleFor(world.stdout, world.env);
  world.stdout.write(`${flag(parsed, 'json') ? JSON.stringify(view) : describe(view, style.dim)}\n`);
  return 0;
}

function describe({ by, rows, estimate, prices }: UsageView, dim: (text: string) => string): string {
  const where = `Prices are yours to edit, and count from the next call on: ${prices}`;
  if (rows.length === 0) return `No model has been called yet.\n${where}`;
  const name = (row: UsageRow) => oneLine(by === 'task' ? row.label : row.key);
  const head = [by, 'calls', 'in', 'cached', 'out', 'cost', 'counted'];
  const table = [head, ...rows.map((row) => [name(row), ...cells(row)])];
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  );
  const lines = table.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
  );
  const unpriced = rows.reduce((sum, row) => sum + row.unpriced, 0);
  const note = `Calls without a known price, not in the cost: ${unpriced}. Budgets count them at the most they can cost.`;
  const guess = 'By task it is an estimate: a call is reckoned to the answer that came next.';
  return [
    dim(lines[0] ?? ''),
    ...lines.slice(1),
    ...(unpriced === 0 ? [] : [note]),
    ...(estimate ? [guess] : []),
    where,
  ].join('\n');
}

function cells(row: UsageRow): string[] {
  const numbers = [row.calls, row.inputTokens, row.cachedTokens, row.outputTokens];
  const known = row.unpriced < row.calls || row.costMicros > 0;
  return [...numbers.map(String), known ? dollars(row.costMicros) : '?', dollars(row.chargedMicros)];
}

/** To the cent, or to the first two digits of less. */
function dollars(micros: number): string {
  const value = micros / 1_000_000;
  return `$${value >= 0.1 || value === 0 ? value.toFixed(2) : value.toPrecision(2)}`;
}
