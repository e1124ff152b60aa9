/**
 * The containers of a mark or an install, as the engine knows them. A question that fails is an error, never "none".
 */

import { ENGINE_PATIENCE_MS, endAll, SandboxNotGone } from '../ending.ts';
import type { Leftover } from '../port.ts';
import { INSTALL_LABEL, MARK_LABEL } from './arguments.ts';
import { type AskEngine, EngineError } from './engine.ts';

/** Full ids; also of those that are created, or being removed. */
export async function findContainers(ask: AskEngine, mark: string): Promise<string[]> {
  const filter = `label=${MARK_LABEL}=${mark}`;
  return wordsOf(await ask(['ps', '--all', '--no-trunc', '--quiet', '--filter', filter]));
}

/**
 * `kill` from outside ends pid 1 and with it all of its namespace, stopped processes too. What cannot be killed does not
 * run, and is removed. Whether it is gone is for the next look to say.
 */
export async function killContainer(ask: AskEngine, id: string): Promise<void> {
  try {
    await ask(['kill', id]);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    await ask(['rm', '--force', id]);
  }
}

export async function leftoverContainers(ask: AskEngine, installId: string): Promise<Leftover[]> {
  const filter = `label=${INSTALL_LABEL}=${installId}`;
  const format = `{{.Label "${MARK_LABEL}"}}`;
  const marks = wordsOf(await ask(['ps', '--all', '--filter', filter, '--format', format]));
  return [...new Set(marks)].map((mark) => ({
    mark,
    async kill() {
      const left = () => findContainers(ask, mark);
      const strike = (id: string) => killContainer(ask, id);
      if (!(await endAll(left, strike, ENGINE_PATIENCE_MS))) {
        throw new SandboxNotGone(mark, `docker ps --all --filter ${filter}`);
      }
    },
  }));
}

function wordsOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
