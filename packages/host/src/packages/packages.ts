/**
 * The keeper of agents' packages: what is wanted, what is built, one build at a time (port.ts has the story).
 *
 * Every change runs the same round for its agent: look, decide, do. A round that finds the list changed under its build
 * goes round again, so that the last word counts.
 */
import { join } from 'node:path';
import * as v from 'valibot';
import {
  type PackageImages,
  type PackageNames,
  type SandboxRuntime,
  SandboxUnavailable,
} from '../sandboxes/port.ts';
import { settingsBelow, storeSetting } from '../store/agents.ts';
import type { Store } from '../store/port.ts';
import type { AgentId, Log } from '../types.ts';
import { openBuildLog, readBuildLog } from './build-log.ts';
import { decide, type Kept } from './decide.ts';
import { isNone, judgeNames, together, without } from './names.ts';
import { BadPackages, type Packages, type PackageView } from './port.ts';

const PREFIX = 'packages:';
const NOTHING: Kept = { apt: [], npm: [], ready: null, failed: null };
/** No image is called so: what failed under it is tried again by the next start. */
const NO_IMAGE = '';
const NO_IMAGES = {
  why: 'packages are put into an image, and this host uses a sandbox that has none',
  hint: 'Use Docker: ./bellhop stop, then ./bellhop up --sandbox docker',
} as const;

const keptSchema = v.object({
  apt: v.array(v.string()),
  npm: v.array(v.string()),
  ready: v.nullable(v.string()),
  failed: v.nullable(v.object({ image: v.string(), why: v.string() })),
});

export interface PackagesDeps {
  readonly store: Store;
  readonly runtime: Pick<SandboxRuntime, 'images'>;
  readonly log: Log;
  /** Into the audit, before it is done: what the agent is to have. Rejects when that cannot be written. */
  readonly record: (agent: AgentId, names: string) => Promise<void>;
  /** For build logs; private. */
  readonly dir: string;
  /** The agent's sandboxes end softly, so that its next turn has what is new. */
  readonly renew: (agent: AgentId, why: string) => void;
}

export interface KeptPackages extends Packages {
  /** Goes on with what an earlier host left undone. */
  start(): void;
  /** Breaks a build off, which the next start begins again. Resolves when nothing is built any more; safe twice. */
  stop(): Promise<void>;
  /** Resolves when all that was asked for has been decided. */
  settled(): Promise<void>;
}

export async function openPackages(deps: PackagesDeps): Promise<KeptPackages> {
  const { store, log, dir, renew } = deps;
  const images = deps.runtime.images ?? null;
  const kept = new Map<AgentId, Kept>();
  for (const [name, json] of await settingsBelow(store.read, PREFIX)) {
    kept.set(name.slice(PREFIX.length) as AgentId, v.parse(keptSchema, JSON.parse(json)));
  }
  const there = await whichAreThere(images, kept.values(), log);
  /** Which round is the last one of an agent that has some before it. */
  const rounds = new Map<AgentId, symbol>();
  const ending = new AbortController();
  let line: Promise<void> = Promise.resolve();
  let writing: Promise<void> = Promise.resolve();

  const of = (agent: AgentId): Kept => kept.get(agent) ?? NOTHING;

  /** One after the other: each change is made of what the last one left. */
  function keep(
    agent: AgentId,
    change: (now: Kept) => Partial<Kept> | Promise<Partial<Kept>>,
  ): Promise<void> {
    const written = writing.then(async () => {
      const next = { ...of(agent), ...(await change(of(agent))) };
      const json = isNone(next) && next.ready === null ? null : JSON.stringify(next);
      await store.transaction((sql) => storeSetting(sql, PREFIX + agent, json));
      kept.set(agent, next);
    });
    // Whoever asked hears of an error; the next one begins all the same.
    writing = written.catch(() => undefined);
    return written;
  }

  /** One at a time: two builds at once would only be slower. Never rejects. */
  function enqueue(agent: AgentId): void {
    if (images === null) return;
    const round = Symbol();
    rounds.set(agent, round);
    line = line
      .then(() => settle(images, agent))
      .catch(async (error: Error) => {
        log.error('packages', { agent, error: String(error) });
        await keep(agent, () => ({ failed: { image: NO_IMAGE, why: error.message } })).catch(() => undefined);
      })
      .finally(() => {
        if (rounds.get(agent) === round) rounds.delete(agent);
      });
  }

  async function settle(builder: PackageImages, agent: AgentId): Promise<void> {
    while (!ending.signal.aborted) {
      const now = of(agent);
      const wanted = isNone(now) ? null : await nameOf(builder, agent, now);
      if (wanted instanceof SandboxUnavailable) {
        const { message } = wanted;
        return keep(agent, () => ({ failed: { image: NO_IMAGE, why: message } }));
      }
      const decision = decide(now, wanted, now.ready !== null && there.has(now.ready));
      if (decision === 'drop') await keep(agent, () => ({ ready: null, failed: null }));
      if (decision === 'build' && wanted !== null) await build(builder, agent, now, wanted);
      if (decision !== 'nothing') await changed(builder, agent);
      // The last word may have been said while it was built.
      if (of(agent).apt === now.apt && of(agent).npm === now.npm) return;
    }
  }

  async function build(builder: PackageImages, agent: AgentId, names: Kept, image: string): Promise<void> {
    log.info('packages are built', { agent, names: words(names) });
    const buildLog = await openBuildLog(logFile(agent));
    try {
      const onLine = (text: string) => buildLog.write(text);
      const result = await builder.build({ agent, names, image, onLine, signal: ending.signal });
      if (ending.signal.aborted) return;
      if (result.ok) {
        there.add(image);
        await keep(agent, () => ({ ready: image, failed: null }));
        buildLog.write('The new image passed its self-test; it is used from the next start of a sandbox on.');
      } else {
        const { why } = result;
        await keep(agent, () => ({ failed: { image, why } }));
        buildLog.write(`Not used: ${result.why}`);
      }
      log.info('packages', { agent, ok: result.ok });
    } finally {
      await buildLog.close();
    }
  }

  async function changed(builder: PackageImages, agent: AgentId): Promise<void> {
    if (ending.signal.aborted) return;
    if (of(agent).failed === null) renew(agent, 'its packages were changed');
    await sweep(builder);
  }

  /** Images of ours that no agent uses any more. One that still runs is refused by the engine, and goes another time. */
  async function sweep(builder: PackageImages): Promise<void> {
    const used = [...kept.values()].flatMap(({ ready }) => (ready === null ? [] : [ready]));
    await builder.keepOnly(used).catch((error: Error) => log.warn('old images', { error: error.message }));
  }

  const logFile = (agent: AgentId) => join(dir, `${agent}.log`);

  async function change(agent: AgentId, toNames: (now: PackageNames) => PackageNames): Promise<void> {
    await keep(agent, async (now) => {
      const { apt, npm } = toNames(now);
      const against = judgeNames({ apt, npm });
      if (against !== null) throw new BadPackages(against);
      await deps.record(agent, words({ apt, npm }));
      // What failed before is tried again when it is asked for again.
      return { apt, npm, failed: null };
    });
    enqueue(agent);
  }

  function view(agent: AgentId): PackageView {
    const { apt, npm, ready, failed } = of(agent);
    const base = { agent, apt, npm, why: failed?.why ?? (images === null ? NO_IMAGES.why : null) };
    if (isNone({ apt, npm })) return { ...base, state: 'none', why: null };
    if (rounds.has(agent)) return { ...base, state: 'building', why: null };
    const isInstalled = images !== null && failed === null && ready !== null && there.has(ready);
    return { ...base, state: isInstalled ? 'installed' : 'failed' };
  }

  return {
    impossible: images === null ? NO_IMAGES : null,
    imageOf(agent) {
      const now = of(agent);
      return now.ready !== null && !isNone(now) && there.has(now.ready) ? now.ready : null;
    },
    view,
    add: (agent, names) => change(agent, (now) => together(now, names)),
    remove: (agent, names) => change(agent, (now) => without(now, names)),
    readLog: (agent, from) => readBuildLog(logFile(agent), from),
    start() {
      for (const agent of kept.keys()) enqueue(agent);
    },
    settled: () => line,
    async stop() {
      ending.abort();
      await line;
    },
  };
}

function words({ apt, npm }: PackageNames): string {
  return [...apt.map((name) => `apt ${name}`), ...npm.map((name) => `npm ${name}`)].join(', ');
}

function nameOf(
  builder: PackageImages,
  agent: AgentId,
  names: PackageNames,
): Promise<string | SandboxUnavailable> {
  return builder.nameOf(agent, { apt: names.apt, npm: names.npm }).catch((error: unknown) => {
    if (error instanceof SandboxUnavailable) return error;
    throw error;
  });
}

/** Asked before the first wake; an engine that does not answer has none, and its agents start on the agent image. */
async function whichAreThere(
  images: PackageImages | null,
  all: Iterable<Kept>,
  log: Log,
): Promise<Set<string>> {
  const named = [...all].flatMap(({ ready }) => (ready === null ? [] : [ready]));
  if (images === null || named.length === 0) return new Set();
  try {
    return new Set(await images.present(named));
  } catch (error) {
    log.warn('images of packages unknown', { error: String(error) });
    return new Set();
  }
}
