/**
 * The host's torturer: strikes it at its points and in between, and starts the next one. A host that is stopped is
 * after a while woken again, or killed as it stands.
 */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { HostProcess } from '../../tests/e2e/house/host-process.ts';
import type { Dice } from '../../tests/fake-platform/dice.ts';
import type { Blow } from './plan.ts';
import { ArmedPoint } from './points.ts';
import type { Score } from './score.ts';
import type { Town } from './town.ts';

const SPREAD_MS = 1_000;
const STOPPED_MS = 1_000;
const LOOK_EVERY_MS = 2;
/** A point that is not reached for so long makes room for the next, and is tried again at the end. */
const PATIENCE_MS = 15_000;
/** How often a point may be tried in vain before it counts as never reached. */
const MAX_VAIN = 3;

export interface LandlordDeps {
  readonly town: Town;
  readonly score: Score;
  readonly dice: Dice;
  readonly blows: readonly Blow[];
  /** Whether it is the host's turn: its blows are spread over the whole time. */
  readonly mayStrike: (dealt: number) => boolean;
  readonly say: (line: string) => void;
}

/** Resolves to the host that is left. */
export async function runLandlord(deps: LandlordDeps, first: HostProcess): Promise<HostProcess> {
  const { blows, mayStrike, say } = deps;
  const waiting = blows.map((blow) => ({ blow, vain: 0 }));
  let host = first;
  let dealt = 0;
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    while (!mayStrike(dealt)) await pause(LOOK_EVERY_MS * 10);
    if (await deal(deps, next.blow, host)) {
      dealt += 1;
      host = await afterwards(deps, next.blow, host);
    } else if (next.vain < MAX_VAIN) {
      waiting.push({ ...next, vain: next.vain + 1 });
    } else say(`never reached: ${next.blow.at}`);
  }
  return host;
}

async function deal({ town, score, dice }: LandlordDeps, blow: Blow, host: HostProcess): Promise<boolean> {
  if (blow.at === 'any moment') {
    await pause(dice() * SPREAD_MS);
    process.kill(host.pid, blow.signal);
    score.struck('host', blow, null);
    return true;
  }
  const armed = new ArmedPoint(join(town.points, 'host'), blow);
  const deadline = performance.now() + PATIENCE_MS;
  while (!armed.hit && performance.now() < deadline) await pause(LOOK_EVERY_MS);
  const hit = armed.disarm();
  if (hit) score.struck('host', blow, null);
  return hit;
}

async function afterwards({ town, dice }: LandlordDeps, blow: Blow, host: HostProcess): Promise<HostProcess> {
  if (blow.signal === 'SIGSTOP') {
    await pause(dice() * STOPPED_MS);
    if (dice() < 0.5) {
      process.kill(host.pid, 'SIGCONT');
      return host;
    }
    await host.kill();
  }
  const { signal } = await host.exited;
  if (signal !== 'SIGKILL') throw new Error(`the host ended by itself: ${host.stderr.slice(-2_000)}`);
  return town.startHost();
}
