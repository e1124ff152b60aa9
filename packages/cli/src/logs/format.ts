/**
 * One line of host.jsonl, for people: local time, level, what happened, key=value. A line that is no JSON object is
 * shown as it is. Values come from outside in part, so control characters never pass.
 */
import type { Style } from '../style.ts';
import { oneLine, utf8 } from '../text.ts';

export function formatLogLine(bytes: Uint8Array, style: Style): string {
  const raw = utf8(bytes) ?? Buffer.from(bytes).toString('latin1');
  const record = parseRecord(raw);
  if (!record) return oneLine(raw);
  const { time, level, what, ...fields } = record;
  const word = oneLine(String(level ?? '')).padEnd(5);
  const pairs = Object.entries(fields).map(([key, value]) =>
    style.dim(`${oneLine(key)}=${oneLine(shown(value))}`),
  );
  return [style.dim(localTime(time)), coloured(word, style), oneLine(String(what ?? '')), ...pairs].join(
    '  ',
  );
}

function parseRecord(raw: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(raw);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    // SyntaxError: a line cut off by a crash, or one that something else wrote.
    return null;
  }
}

function shown(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return /[\s"=]/.test(value) || value === '' ? JSON.stringify(value) : value;
}

function coloured(level: string, style: Style): string {
  if (level.startsWith('error')) return style.red(level);
  return level.startsWith('warn') ? style.gold(level) : level;
}

function localTime(time: unknown): string {
  const date = new Date(typeof time === 'string' || typeof time === 'number' ? time : Number.NaN);
  if (Number.isNaN(date.getTime())) return oneLine(String(time ?? '-'));
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${clock}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}
