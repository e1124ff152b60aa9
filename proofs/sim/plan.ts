/**
 * What goes wrong in a run, and where: a script. A run with chance writes its script; a run from a script does the same
 * again, or less of it.
 *
 * A fault is named by its point and how often the point had come by before: `host: commit bellhop.db [insert events]#2`.
 * So one that is left out moves none of the others.
 */
import type { Fault, Faults } from './machine/kernel.ts';
import type { Random } from './machine/random.ts';

/** A point that has not been seen often is more interesting than one that has. */
const FIRSTS = 6;

export interface FaultPlan extends Faults {
  /** What was done, by `point#n`. */
  readonly done: ReadonlyMap<string, Fault>;
  /** From now on nothing goes wrong. */
  end(): void;
}

/** @param rate of the points at which something goes wrong. @param most how much at most. */
export function chancePlan(random: Random, rate: number, most: number): FaultPlan {
  return plan((_key, count, possible, done) => {
    if (done >= most || !random.chance(rate * (1 + FIRSTS / count))) return null;
    return random.pick(possible);
  });
}

export function scriptedPlan(script: ReadonlyMap<string, Fault>): FaultPlan {
  return plan((key) => script.get(key) ?? null);
}

function plan(
  decide: (key: string, count: number, possible: readonly Fault[], done: number) => Fault | null,
): FaultPlan {
  const seen = new Map<string, number>();
  const done = new Map<string, Fault>();
  const state = { over: false };
  return {
    done,
    at(point, possible) {
      if (state.over) return null;
      const count = (seen.get(point) ?? 0) + 1;
      seen.set(point, count);
      const key = `${point}#${count}`;
      const fault = decide(key, count, possible, done.size);
      if (fault !== null) done.set(key, fault);
      return fault;
    },
    end() {
      state.over = true;
    },
  };
}
