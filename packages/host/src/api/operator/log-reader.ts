/** Lines of the host's log about one session; a bounded look at the end of the newest file. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';

const READ_BYTES = 256 * 1024;
const MAX_LINES = 12;

/** Lines about a session between two times, readable, the newest last. */
export type LogReader = (session: string, fromMs: number, untilMs: number) => Promise<readonly string[]>;

export function createLogReader(dataDir: string): LogReader {
  const path = join(dataDir, 'logs', 'host.jsonl');
  return async (session, fromMs, untilMs) => linesAbout(await tail(path), session, fromMs, untilMs);
}

export function linesAbout(
  text: string,
  session: string,
  fromMs: number,
  untilMs: number,
): readonly string[] {
  return text
    .split('\n')
    .flatMap((line) => readable(line, session, fromMs, untilMs))
    .slice(-MAX_LINES);
}

function readable(line: string, session: string, fromMs: number, untilMs: number): string[] {
  // Most lines are about others; a cheap look spares them the parse. The first one may be cut.
  if (!line.startsWith('{') || !line.includes(session)) return [];
  const { time, level, what, session: of, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const atMs = Date.parse(String(time));
  if (of !== session || atMs < fromMs || atMs > untilMs) return [];
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`);
  return [`${String(time)} ${String(level)} ${[String(what), ...rest].join(' ')}`];
}

async function tail(path: string): Promise<string> {
  const handle = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (!handle) return '';
  try {
    const { size } = await handle.stat();
    const bytes = Buffer.alloc(Math.min(size, READ_BYTES));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
