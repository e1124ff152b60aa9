/** The fake platform as the torturer sees it: a process that is started, spoken to, and read along. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { NODE, ROOT } from '../../tests/e2e/house/machine.ts';
import type { Entry } from '../../tests/fake-platform/log.ts';

const LOOK_EVERY_MS = 20;

export interface PlatformProcess {
  readonly url: string;
  readonly entries: readonly Entry[];
  say(spoken: { readonly chat: string; readonly id: string; readonly text: string }): Promise<void>;
  /** Resolves when its process is gone and the last entry has been read. Safe twice. */
  close(): Promise<void>;
}

/** @param onEntry told of each entry, in order, soon after it was written. */
export async function startPlatform(
  logPath: string,
  seed: number,
  onEntry: (entry: Entry) => void,
): Promise<PlatformProcess> {
  const child = spawn(NODE, [`${ROOT}/tests/fake-platform/main.ts`, logPath, String(seed)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const first = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  const url = String(first.value);
  const entries: Entry[] = [];
  const state = { open: true };
  const look = async () => {
    const news = (await (await fetch(`${url}/log?from=${entries.length}`)).json()) as Entry[];
    entries.push(...news);
    for (const entry of news) onEntry(entry);
  };
  const watching = (async () => {
    while (state.open) {
      await look();
      await pause(LOOK_EVERY_MS);
    }
  })();
  return {
    url,
    entries,
    async say(spoken) {
      await fetch(`${url}/say`, { method: 'POST', body: JSON.stringify(spoken) });
    },
    async close() {
      if (!state.open) return;
      state.open = false;
      await watching;
      await look();
      const gone = new Promise((resolve) => child.once('close', resolve));
      child.stdin.end();
      await gone;
    },
  };
}
