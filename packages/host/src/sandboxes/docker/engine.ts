/**
 * One question to the engine: one run of its command line client, bounded in time and in what it may say.
 *
 * About 15 ms each, so nothing here is on the way of a message. The client gets the host's environment (DOCKER_HOST,
 * contexts and credentials are in there), a session of its own, so that Ctrl-C in the host's terminal does not cut an
 * answer off, and no descriptor of the host's.
 */

import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

const PATIENCE_MS = 30_000;
const MAX_OUTPUT_CHARACTERS = 256 * 1024;

/** The client could not be started, said no, or said nothing for too long. `message` holds its own words. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
}

export interface Asking {
  readonly limitMs?: number;
  /** Called with each line of stdout and stderr as it comes. */
  readonly onLine?: (line: string) => void;
  /** Breaks it off. */
  readonly signal?: AbortSignal;
}

export type AskEngine = (args: readonly string[], asking?: Asking) => Promise<string>;

/** @param program absolute path of docker, podman or nerdctl. Resolves with what it wrote to stdout. */
export function askWith(program: string): AskEngine {
  return (args, { limitMs = PATIENCE_MS, onLine, signal } = {}) =>
    new Promise((resolve, reject) => {
      const child = spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new EngineError(`${args[0]}: no answer within ${limitMs / 1000} s`));
      }, limitMs);
      const breakOff = () => child.kill('SIGTERM');
      signal?.addEventListener('abort', breakOff);
      if (signal?.aborted) breakOff();
      const [out, err] = [collect(child.stdout, onLine), collect(child.stderr, onLine)];
      child.once('error', (error) => {
        clearTimeout(timer);
        reject(new EngineError(error.message));
      });
      child.once('close', (code) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', breakOff);
        if (code === 0) resolve(out.text().trim());
        else
          reject(new EngineError(err.text().trim() || out.text().trim() || `${args[0]}: exit code ${code}`));
      });
    });
}

/** Keeps the last of it: an error is what comes last. */
function collect(pipe: Readable, onLine?: (line: string) => void): { text(): string } {
  const held = { text: '', rest: '' };
  pipe.setEncoding('utf8').on('data', (chunk: string) => {
    held.text = (held.text + chunk).slice(-MAX_OUTPUT_CHARACTERS);
    if (!onLine) return;
    const lines = (held.rest + chunk).slice(-MAX_OUTPUT_CHARACTERS).split('\n');
    held.rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
  pipe.on('error', () => pipe.destroy());
  return { text: () => held.text };
}
