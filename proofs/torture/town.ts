/**
 * Where it happens: a data folder with the chats of the fake platform wired to the demo agent, the platform's process,
 * and one host after another on that folder.
 */
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { prepareDataFolder } from '../../packages/host/src/data-folder.ts';
import { firstStart, installIdOf } from '../../packages/host/src/first-start.ts';
import { addUser, addWiring } from '../../packages/host/src/store/agents.ts';
import { openStore } from '../../packages/host/src/store/sqlite.ts';
import type { AgentId } from '../../packages/host/src/types.ts';
import type { HostProcess } from '../../tests/e2e/house/host-process.ts';
import { House } from '../../tests/e2e/house/house.ts';
import { NODE, type SandboxKind } from '../../tests/e2e/house/machine.ts';
import { SPEAKER } from '../../tests/fake-platform/channel.ts';
import type { Entry } from '../../tests/fake-platform/log.ts';
import { type PlatformProcess, startPlatform } from './platform.ts';

/**
 * The rules are the product's; only what a person would have to wait long for is shorter. Tries are not bounded, so
 * that every message must be answered: a dead letter would be an end that is told, and no proof.
 */
const SETTINGS = {
  maxTries: 10_000,
  retryBaseMs: 100,
  claimStuckMs: 4_000,
  readyTimeoutMs: 8_000,
  maxRowsPerMinute: 100_000,
} as const;

export interface Town {
  readonly house: House;
  readonly platform: PlatformProcess;
  readonly installId: string;
  /** Folder of armed points; the host's own are in `host`, a session's in a folder of its id. */
  readonly points: string;
  /** Starts the next host and waits until it is ready. */
  startHost(): Promise<HostProcess>;
  close(): Promise<void>;
}

export async function openTown(
  chats: readonly string[],
  sandbox: SandboxKind,
  seed: number,
  onEntry: (entry: Entry) => void,
): Promise<Town> {
  const house = new House(sandbox);
  house.writeSettings({ ...SETTINGS, maxAwake: chats.length + 2 });
  const installId = await wire(house.data, chats);
  const points = join(house.data, 'points');
  mkdirSync(points);
  chmodSync(points, 0o755);
  const platform = await startPlatform(house.path('platform.jsonl'), seed, onEntry);
  const env = {
    TORTURE_PLATFORM: platform.url,
    TORTURE_POINTS: points,
    BELLHOP_POINTS: join(points, 'host'),
    BELLHOP_HARNESS: 'demo',
  };
  const program = join(import.meta.dirname, 'host.ts');
  return {
    house,
    platform,
    installId,
    points,
    async startHost() {
      const args = ['--data', house.data, '--no-open', '--sandbox', sandbox, '--port', '0'];
      const host = house.started(NODE, [program, ...args], env);
      await host.ready();
      return host;
    },
    async close() {
      await platform.close();
      await house.close();
    },
  };
}

/** What an owner would do by hand once: a user, and each chat connected to the agent. Returns the install's id. */
async function wire(dataDir: string, chats: readonly string[]): Promise<string> {
  await prepareDataFolder(dataDir, process.getuid?.() ?? 0);
  const store = openStore(join(dataDir, 'bellhop.db'));
  await firstStart(store, 'demo', Date.now());
  await store.transaction(async (sql) => {
    await addUser(sql, SPEAKER, 'owner');
    for (const chat of chats) {
      const channel = chat.split('-')[0] ?? '';
      const agent = 'bell' as AgentId;
      await addWiring(sql, { channel, chat, agent, engageMode: 'always', sessionMode: 'per-thread' });
    }
  });
  // Its own: hosts of one install end each other's left-overs.
  const installId = await installIdOf(store, randomUUID().slice(0, 8));
  await store.close();
  return installId;
}
