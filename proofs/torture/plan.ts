/**
 * Which blows fall where: a pure function of their number and the dice. One in five falls on the host; of each side's
 * blows every named point gets its share, at least 30 where there are enough, and the rest fall at any moment. One in
 * eight does not kill but stops (SIGSTOP).
 */
import { POINTS, type PointName } from '../../packages/mailbox/src/index.ts';
import type { Dice } from '../../tests/fake-platform/dice.ts';

export interface Blow {
  readonly at: PointName | 'any moment';
  readonly signal: 'SIGKILL' | 'SIGSTOP';
}

export interface Plan {
  readonly host: readonly Blow[];
  readonly runner: readonly Blow[];
}

const HOST_SHARE = 0.2;
/** Of the blows on one side, how many fall at named points. The runner has few points, and more moments. */
const NAMED_SHARE = { host: 0.9, runner: 0.5 } as const;
const STOP_SHARE = 1 / 8;

export const MIN_BLOWS = 60;

const names = Object.keys(POINTS) as PointName[];

/** @param blows at least MIN_BLOWS: with fewer a point would get none. */
export function planBlows(blows: number, dice: Dice): Plan {
  const host = Math.round(blows * HOST_SHARE);
  return {
    host: plan('host', host, dice),
    runner: plan('runner', blows - host, dice),
  };
}

function plan(side: 'host' | 'runner', blows: number, dice: Dice): Blow[] {
  const points = names.filter((name) => name.startsWith(`${side}.`));
  const each = Math.max(1, Math.floor((blows * NAMED_SHARE[side]) / points.length));
  const named = points.flatMap((at) => Array.from({ length: each }, () => at));
  const anywhere = Array.from({ length: Math.max(0, blows - named.length) }, () => 'any moment' as const);
  return shuffled([...named, ...anywhere], dice).map((at) => ({
    at,
    signal: dice() < STOP_SHARE ? 'SIGSTOP' : 'SIGKILL',
  }));
}

function shuffled<T>(items: readonly T[], dice: Dice): T[] {
  return items
    .map((item) => ({ item, by: dice() }))
    .sort((a, b) => a.by - b.by)
    .map(({ item }) => item);
}
