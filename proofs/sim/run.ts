/**
 * One run: a story is told to a real host, things go wrong, then nothing goes wrong any more, and in the end all must be
 * as if nothing ever had, but for what is documented. The same script gives the same run, to the letter of its trace.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Judge } from './judge/judge.ts';
import type { Counts, Facts } from './judge/reckon.ts';
import { Violation } from './judge/violation.ts';
import { type Fault, Kernel } from './machine/kernel.ts';
import { randomOf } from './machine/random.ts';
import { chancePlan, type FaultPlan, scriptedPlan } from './plan.ts';
import { House } from './town/house.ts';
import { Platform } from './town/platform.ts';
import { Sandboxes } from './town/sandboxes.ts';
import { drawStory, type Happening, PLATFORMS, type Story, TROUBLE_MS } from './town/story.ts';

/** After the trouble everything must have ended within this simulated time, in milliseconds. */
const PEACE_MS = 6 * 3_600_000;
const LOOK_MS = 10_000;
/** All is over, and stays so for this long: longer than an idle sandbox lives. */
const QUIET_MS = 120_000;
const MAX_EVENTS = 400_000;

/** All that a run depends on. */
export interface Script {
  readonly seed: number;
  readonly story: Story;
  /** By `point#n`; null: by chance, from the seed. */
  readonly faults: ReadonlyMap<string, Fault> | null;
}

export interface Outcome {
  /** What was done: given to `run` again, the same happens. */
  readonly script: Script;
  readonly violation: Violation | null;
  readonly counts: Counts;
  /** Faults and happenings. */
  readonly injected: number;
  readonly sends: number;
  readonly boots: number;
  readonly sandboxes: number;
  readonly events: number;
  readonly simulatedMs: number;
  /** Hash of the trace. */
  readonly fingerprint: string;
}

export function scriptOf(seed: number): Script {
  return { seed, story: drawStory(randomOf(seed, 'story')), faults: null };
}

export async function run(
  script: Script,
  onTrace: (line: string) => void = () => undefined,
): Promise<Outcome> {
  const dataDir = mkdtempSync(join(tmpdir(), 'bellhop-sim-'));
  try {
    return await runIn(dataDir, script, onTrace);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function runIn(dataDir: string, script: Script, onTrace: (line: string) => void): Promise<Outcome> {
  const { seed, story } = script;
  const chance = (stream: string) => randomOf(seed, stream);
  const trace = createHash('sha256');
  const plan = script.faults ? scriptedPlan(script.faults) : drawPlan(seed);
  const kernel = new Kernel({
    faults: plan,
    random: chance('the product'),
    dataDir,
    trace(line) {
      trace.update(`${line}\n`);
      onTrace(line);
    },
  });
  const sandboxes = new Sandboxes(kernel, chance('sandboxes'));
  const judge = new Judge(join(dataDir, 'bellhop.db'), kernel, sandboxes);
  const platforms = PLATFORMS.map((name) => new Platform(name, kernel, chance(name), judge.watchSends()));
  const chats = [...new Set(story.sayings.map(({ chat }) => chat))];
  const house = new House({ kernel, random: chance('house'), dataDir, platforms, chats, sandboxes });
  const happened = tell(story, { kernel, house, platforms, sandboxes, judge });
  const towns: readonly Facts[] = platforms.map(({ name, said, offered }) => ({
    platform: name,
    said,
    offered,
  }));

  house.boot();
  try {
    await until(kernel, judge, () => kernel.monotonicMs >= TROUBLE_MS);
    plan.end();
    kernel.fullUntilMs = 0;
    sandboxes.downUntilMs = 0;
    for (const process of kernel.alive) if (process.frozen) process.thaw();
    await untilQuiet(kernel, judge, () => (house.isUp ? judge.unfinished(towns) : 'the host is not up'));
    // Nothing that is over begins anew with the next host, and what could not be noted before is noted by it.
    house.restart();
    await untilQuiet(kernel, judge, () =>
      house.isUp ? (judge.unfinished(towns) ?? judge.unsettled()) : 'the host is not up',
    );
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    judge.note(error);
  }
  const counts = reckoned(judge, towns);
  house.end();
  judge.close();
  return {
    script: { ...script, faults: plan.done },
    violation: judge.violation,
    counts,
    injected: plan.done.size + happened.count,
    sends: judge.sends.count,
    boots: house.boots,
    sandboxes: sandboxes.all.length,
    events: kernel.events,
    simulatedMs: kernel.monotonicMs,
    fingerprint: trace.digest('hex'),
  };
}

/** Some runs have a fault here and there, some are a storm. */
function drawPlan(seed: number): FaultPlan {
  const random = randomOf(seed, 'faults');
  const most = 1 + random.below(24);
  return chancePlan(random, random.pick([0.002, 0.006, 0.02]), most);
}

async function until(kernel: Kernel, judge: Judge, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    if (!(await kernel.step())) throw new Violation('stuck', 'nothing is left to happen');
    if (judge.violation) throw judge.violation;
    if (kernel.events > MAX_EVENTS)
      throw new Violation('stuck', `after ${kernel.events} events it goes on and on`);
  }
}

/** @param unfinished in words what is still under way; null when nothing is. */
async function untilQuiet(kernel: Kernel, judge: Judge, unfinished: () => string | null): Promise<void> {
  const limitMs = kernel.monotonicMs + PEACE_MS;
  let quietMs = 0;
  for (let atMs = kernel.monotonicMs; quietMs < QUIET_MS; atMs += LOOK_MS) {
    await until(kernel, judge, () => kernel.monotonicMs >= atMs);
    const open = unfinished();
    quietMs = open === null ? quietMs + LOOK_MS : 0;
    if (open !== null && atMs > limitMs) throw new Violation('stuck', open);
  }
}

function reckoned(judge: Judge, towns: readonly Facts[]): Counts {
  const none: Counts = { accepted: 0, lost: 0, repeatedKey: 0, repeatedNoKey: 0 };
  if (judge.violation) return none;
  try {
    return judge.reckon(towns);
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    judge.note(error);
    return none;
  }
}

interface Town {
  readonly kernel: Kernel;
  readonly house: House;
  readonly platforms: readonly Platform[];
  readonly sandboxes: Sandboxes;
  readonly judge: Judge;
}

/** Posts all that is said and happens. Counts what could happen. */
function tell(story: Story, town: Town): { count: number } {
  const happened = { count: 0 };
  for (const saying of story.sayings) {
    const platform = town.platforms.find(({ name }) => name === saying.platform);
    town.kernel.post(saying.atMs, null, () => platform?.hear(saying));
  }
  for (const happening of story.happenings) {
    town.kernel.post(happening.atMs, null, () => {
      town.kernel.trace(`HAPPENS ${happening.kind}`);
      if (happen(happening, town)) happened.count += 1;
    });
  }
  return happened;
}

/** False when there was nothing for it to happen to. */
function happen(happening: Happening, { kernel, house, sandboxes, judge }: Town): boolean {
  const [runner] = sandboxes.alive;
  switch (happening.kind) {
    case 'the clock jumps':
      kernel.clockShiftMs += happening.ms;
      return true;
    case 'the machine starts again with another clock':
      kernel.clockShiftMs += happening.ms;
      house.kill();
      return true;
    case 'the disk is full':
      kernel.fullUntilMs = kernel.monotonicMs + happening.ms;
      return true;
    case 'the engine is down':
      sandboxes.downUntilMs = kernel.monotonicMs + happening.ms;
      return true;
    case 'the host is killed':
      house.kill();
      return true;
    case 'the host is restarted':
      if (!house.isUp) return false;
      house.restart();
      return true;
    case 'a runner is killed':
      runner?.process.exit({ code: null, signal: 'SIGKILL' });
      return runner !== undefined;
    case 'a runner is stopped':
      if (runner) runner.process.frozen = true;
      return runner !== undefined;
    case 'a person tries it again':
      return house.tryAgain((session, message) => judge.again.ask(session, message));
  }
}
