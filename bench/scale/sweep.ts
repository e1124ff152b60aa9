/**
 * A sweep of 10 due sessions among many, without its spawns: from the timer of the due index until each of them has
 * been looked at and decided upon. One place is free and its sandbox never comes up, so that the others decide to wake
 * and stand in line.
 */

import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createRowChecker } from '../../packages/host/src/delivery/check.ts';
import { createDisk } from '../../packages/host/src/disk.ts';
import { createEnqueuer } from '../../packages/host/src/sessions/enqueue.ts';
import { createMailboxes } from '../../packages/host/src/sessions/mailboxes.ts';
import { readSettings } from '../../packages/host/src/settings.ts';
import { openStore } from '../../packages/host/src/store/sqlite.ts';
import { Supervisor } from '../../packages/host/src/supervisor/supervisor.ts';
import type { Clock, SessionId } from '../../packages/host/src/types.ts';
import { FakeEgress } from '../../packages/host/test/supervisor/fake-egress.ts';

const PATIENCE_MS = 180_000;

/** @returns milliseconds. */
export async function measureSweep(dataDir: string, due: readonly string[], dueMs: number): Promise<number> {
  const store = openStore(join(dataDir, 'bellhop.db'));
  const folders = { dataDir, user: null };
  const settings = { ...readSettings(dataDir), maxAwake: 1 };
  const mailboxes = createMailboxes(folders, { maxFileBytes: 1e6, maxValueBytes: 1e6, maxRows: 50 });
  const clock = new HandClock(dueMs - 1_000);
  const nothing = () => undefined;
  const log = { info: nothing, warn: nothing, error: nothing };
  const egress = new FakeEgress();
  egress.open = () => new Promise(nothing);
  const supervisor = new Supervisor({
    store,
    mailboxes,
    folders,
    settings,
    clock,
    log,
    runtime: {
      kind: 'none',
      warning: null,
      inside: (mount) => mount.source,
      selfTest: async () => ({ ok: true }),
      start: () => new Promise(nothing),
      adopt: async () => null,
      leftovers: async () => [],
    },
    delivery: { send: async () => undefined },
    watcher: { receipt: nothing, ledger: nothing, live: nothing, typing: nothing },
    checker: createRowChecker({
      store,
      mailboxes,
      settings,
      clock,
      warning: null,
      allowedHosts: async () => [],
    }),
    enqueuer: createEnqueuer({ store, mailboxes, folders }),
    nextOccurrence: () => null,
    random: () => 0,
    markPrefix: 'bellhop:bench:',
    runnerDir: join(dataDir, 'runner'),
    disk: createDisk(dataDir),
    zone: 'UTC',
    stopLeftovers: async () => undefined,
    egress,
    extraMounts: { of: async () => [] },
    packages: { imageOf: () => null },
    skills: { of: async () => [] },
    models: { of: () => ({ by: 'nobody', endpoint: null, config: null, harness: 'instant' }) },
  });
  await supervisor.start();
  const sessions = due as readonly SessionId[];
  const decided = () =>
    sessions.filter((id) => supervisor.waitingFor(id) !== null || supervisor.awake().includes(id)).length;
  const from = performance.now();
  clock.moveTo(dueMs);
  while (decided() < sessions.length) {
    if (performance.now() - from > PATIENCE_MS) throw new Error(`only ${decided()} sessions were looked at`);
    await nextTurn();
  }
  const ms = performance.now() - from;
  // Its one sandbox never comes up, so it is not stopped: what it began is undone in the store.
  await store.transaction((sql) => sql.run('DELETE FROM generations'));
  await store.close();
  return ms;
}

/** Calls what is due when it is moved; nothing runs by itself. */
class HandClock implements Clock {
  #nowMs: number;
  readonly #waiting = new Set<{ readonly atMs: number; readonly call: () => void }>();

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, call: () => void): () => void {
    const one = { atMs: this.#nowMs + ms, call };
    this.#waiting.add(one);
    return () => this.#waiting.delete(one);
  }

  moveTo(nowMs: number): void {
    this.#nowMs = nowMs;
    for (const one of [...this.#waiting].filter(({ atMs }) => atMs <= nowMs)) {
      this.#waiting.delete(one);
      one.call();
    }
  }
}
