/**
 * One chat and its torturer: says something, strikes the runner while it is being answered, waits for the answer, and
 * goes on until no blow is left. A blow that fell on nobody (the answer was faster) is dealt again.
 */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Dice } from '../../tests/fake-platform/dice.ts';
import type { Blow } from './plan.ts';
import { ArmedPoint } from './points.ts';
import type { Score } from './score.ts';
import type { Town } from './town.ts';
import type { Victims } from './victims.ts';

/** How far into a message a blow at any moment falls, in milliseconds: start, turn and delivery take about as long. */
const SPREAD_MS = 350;
const LOOK_EVERY_MS = 5;
/** Two messages at once, now and then: the second meets a turn that runs. */
const PAIR_SHARE = 0.25;

export interface LaneDeps {
  readonly town: Town;
  readonly score: Score;
  readonly victims: Victims;
  readonly dice: Dice;
  readonly chat: string;
  /** Its chat's session, once that is known. */
  readonly session: () => string | null;
  /** Blows that are still to be dealt; shared by all lanes. */
  readonly blows: Blow[];
  /** True as long as somebody else needs traffic. */
  readonly goOn: () => boolean;
}

export async function runLane(deps: LaneDeps): Promise<void> {
  const { blows, goOn, dice, session } = deps;
  const counter = { said: 0 };
  const say = () => {
    counter.said += 1;
    return ask(deps, counter.said);
  };
  await say();
  while (blows.length > 0 || goOn()) {
    const id = session();
    const blow = id === null ? undefined : blows.shift();
    if (!blow || id === null) {
      await say();
      continue;
    }
    const watch = { answered: false };
    const dealing = deal(deps, blow, id, () => watch.answered);
    const answers = [say(), ...(dice() < PAIR_SHARE ? [say()] : [])];
    await Promise.all(answers);
    watch.answered = true;
    if (!(await dealing)) blows.push(blow);
  }
}

/** Resolves when it has been answered. Every other message makes the agent call a tool before it ends its turn. */
async function ask({ town, score, chat }: LaneDeps, n: number): Promise<void> {
  const token = `${chat}.${n}`;
  const isPlain = n % 2 === 1;
  const answers = isPlain
    ? [`You said: ${token}`]
    : [`First, while I am still at it (${token}).`, `Second, at the end (${token}).`];
  const answered = score.ask({ chat, id: token, answers });
  await town.platform.say({ chat, id: token, text: isPlain ? token : `twice ${token}` });
  await answered;
}

/** Resolves to whether the blow fell on somebody before the answer was there. */
async function deal(deps: LaneDeps, blow: Blow, session: string, answered: () => boolean): Promise<boolean> {
  const { town, score, victims, dice, chat } = deps;
  if (blow.at === 'any moment') {
    await pause(dice() * SPREAD_MS);
    if (answered() || !victims.strike(session, blow.signal, dice())) return false;
    score.struck('runner', blow, chat);
    return true;
  }
  const armed = new ArmedPoint(join(town.points, session), blow);
  // Only a new runner gets ready: the one that is there makes room for it. This one is not counted.
  if (blow.at === 'runner.ready') victims.strike(session, 'SIGKILL', 0);
  while (!armed.hit && !answered()) await pause(LOOK_EVERY_MS);
  const { hit } = armed;
  if (hit) score.struck('runner', blow, chat);
  return armed.disarm() || hit;
}
