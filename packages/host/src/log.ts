/**
 * JSON lines in `DATA/logs/host.jsonl`, rotated by size. No message text and no secret is ever passed in.
 *
 * Written synchronously without fsync: a line costs some microseconds, and the last one before a crash is there.
 */
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Log, LogFields } from './types.ts';

const MAX_BYTES = 5 * 1024 * 1024;
const KEPT = 5;

export interface LogFile extends Log {
  close(): void;
}

export function openLog(dataDir: string, now: () => number, maxBytes = MAX_BYTES): LogFile {
  const dir = join(dataDir, 'logs');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, 'host.jsonl');
  const file = { fd: openSync(path, 'a', 0o600), bytes: 0 };
  file.bytes = fstatSync(file.fd).size;
  // It never throws: it is called where errors are handled, and a full disk must not stop the host for want of a line.
  const write = (level: string, what: string, fields: LogFields = {}) => {
    const line = `${JSON.stringify({ time: new Date(now()).toISOString(), level, what, ...fields })}\n`;
    try {
      if (file.bytes > maxBytes) {
        rotate(path);
        const next = openSync(path, 'a', 0o600);
        closeSync(file.fd);
        file.fd = next;
        file.bytes = 0;
      }
      file.bytes += writeSync(file.fd, line);
    } catch (error) {
      process.stderr.write(`the log cannot be written (${(error as Error).message}): ${line}`);
    }
  };
  return {
    info: (what, fields) => write('info', what, fields),
    warn: (what, fields) => write('warn', what, fields),
    error: (what, fields) => write('error', what, fields),
    close: () => closeSync(file.fd),
  };
}

function rotate(path: string): void {
  for (let n = KEPT - 1; n >= 1; n -= 1) {
    if (existsSync(`${path}.${n}`)) renameSync(`${path}.${n}`, `${path}.${n + 1}`);
  }
  renameSync(path, `${path}.1`);
}
