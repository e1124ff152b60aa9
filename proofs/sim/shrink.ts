/**
 * Makes a failing script smaller: leaves out one fault, one happening, one message after the other, and keeps what
 * still fails in the same way, until nothing can be left out. What remains is what a person reads.
 */
import type { Outcome, Script } from './run.ts';

const MAX_RUNS = 400;

/** @param runs is called again and again; @param failing its outcome has a violation. */
export async function shrink(failing: Outcome, runs: (script: Script) => Promise<Outcome>): Promise<Outcome> {
  const kind = failing.violation?.kind;
  const state = { smallest: failing, runs: 0 };
  const tryWithout = async (smaller: Script): Promise<boolean> => {
    state.runs += 1;
    const outcome = await runs(smaller);
    if (outcome.violation?.kind !== kind) return false;
    state.smallest = outcome;
    return true;
  };
  for (let again = true; again && state.runs < MAX_RUNS; ) {
    again = false;
    for (const smaller of smallerOnes(state.smallest.script)) {
      if (state.runs >= MAX_RUNS) break;
      if (!(await tryWithout(smaller))) continue;
      again = true;
      break;
    }
  }
  return state.smallest;
}

/** Half of the faults first, then each thing alone. */
function* smallerOnes(script: Script): Generator<Script> {
  const { story } = script;
  const faults = [...(script.faults ?? [])];
  const half = Math.ceil(faults.length / 2);
  if (faults.length > 3) {
    yield { ...script, faults: new Map(faults.slice(0, half)) };
    yield { ...script, faults: new Map(faults.slice(half)) };
  }
  for (const [key] of faults) yield { ...script, faults: new Map(faults.filter(([other]) => other !== key)) };
  for (const one of story.happenings)
    yield { ...script, story: { ...story, happenings: story.happenings.filter((other) => other !== one) } };
  for (const one of story.sayings)
    yield { ...script, story: { ...story, sayings: story.sayings.filter((other) => other !== one) } };
}

/** The script in words, one line for each thing that is said or goes wrong. */
export function scriptWords({ script, violation }: Outcome): string[] {
  const { sayings, happenings } = script.story;
  const told = [
    ...sayings.map(({ atMs, id, platform, chat, deed }) => ({
      atMs,
      words: `${platform}/${chat}: ${id} ${deed}`,
    })),
    ...happenings.map((one) => ({
      atMs: one.atMs,
      words: `${one.kind}${'ms' in one ? ` (${one.ms} ms)` : ''}`,
    })),
  ].sort((a, b) => a.atMs - b.atMs);
  return [
    `seed ${script.seed}: ${violation?.message ?? 'no violation'}`,
    ...told.map(({ atMs, words }) => `  at ${(atMs / 1_000).toFixed(1)} s  ${words}`),
    ...[...(script.faults ?? [])].map(([point, fault]) => `  fault   ${fault} | ${point}`),
  ];
}
