/**
 * The whole run: a town of chats, half of them on a platform with keys; as many lanes as chats; one landlord. At the end
 * everything is left alone until it is answered, then the platform's log is judged.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { POINTS } from '../../packages/mailbox/src/index.ts';
import type { SandboxKind } from '../../tests/e2e/house/machine.ts';
import { seeded } from '../../tests/fake-platform/dice.ts';
import { judge, type Verdict } from './judge.ts';
import { runLandlord } from './landlord.ts';
import { runLane } from './lane.ts';
import { type Blow, planBlows } from './plan.ts';
import { Score } from './score.ts';
import { openTown } from './town.ts';
import { Victims } from './victims.ts';

/** More of them make it quicker until the machine is full. */
const CHATS = 12;
/** Longer than every wait of the product in its settings here: when nothing was said for so long, nothing will be. */
const SILENCE_MS = 120_000;
const LOOK_EVERY_MS = 100;
const TELL_EVERY_MS = 15_000;

export interface Outcome {
  readonly verdict: Verdict;
  readonly injected: number;
  readonly hits: Readonly<Record<string, number>>;
  readonly waits: ReadonlyMap<string, readonly number[]>;
  /** Sessions that were seen with two sandboxes. */
  readonly doubles: number;
  readonly oddities: Readonly<Record<string, number>>;
  /** Why it is not a proof; empty when it is one. */
  readonly complaints: readonly string[];
}

export async function torture(
  options: { readonly kills: number; readonly seed: number; readonly sandbox: SandboxKind },
  say: (line: string) => void,
): Promise<Outcome> {
  const { kills, seed, sandbox } = options;
  const dice = seeded(seed);
  const plan = planBlows(kills, dice);
  const score = new Score();
  const chats = Array.from({ length: CHATS }, (_, n) => `${n % 2 ? 'plain' : 'keyed'}-${n}`);
  const town = await openTown(chats, sandbox, seed, (entry) => score.heard(entry));
  try {
    const victims = new Victims(town.installId, () => town.house.sandboxes());
    const first = await town.startHost();
    const blows = [...plan.runner];
    const host = { done: false };
    const share = () => 1 - blows.length / plan.runner.length;
    const telling = setInterval(() => say(`${score.injected} of ${kills} …`), TELL_EVERY_MS);
    const landlord = runLandlord(
      { town, score, dice, blows: plan.host, say, mayStrike: (dealt) => dealt <= share() * plan.host.length },
      first,
    ).finally(() => {
      host.done = true;
    });
    const session = (chat: string) => () => sessionOf(town.house.data, chat);
    const goOn = () => !host.done;
    const lanes = chats.map((chat) =>
      runLane({ town, score, victims, dice, chat, blows, session: session(chat), goOn }),
    );
    const over = Promise.all([landlord, ...lanes]).then(([last]) => last);
    const last = await Promise.race([over, silence(score)]);
    clearInterval(telling);
    const exit = await last?.stop();
    if (last && exit?.code !== 0)
      say(`the last host ended with ${JSON.stringify(exit)}: ${last.stderr.slice(-500)}`);
    const survivors = last ? town.house.sandboxes().length : 0;
    await town.platform.close();
    const { entries } = town.platform;
    const verdict = judge(entries, score.asked);
    const oddities = countBy(entries.flatMap((entry) => (entry.t === 'odd' ? [entry.kind] : [])));
    const { injected, hits, waits } = score;
    const result = {
      verdict,
      injected,
      hits: Object.fromEntries(hits),
      waits,
      doubles: victims.doubles.size,
      oddities,
    };
    return { ...result, complaints: complaintsOf(result, survivors, [...plan.host, ...plan.runner]) };
  } finally {
    await town.close();
  }
}

/** Resolves when nothing has been said for so long that what is missing is lost. */
async function silence(score: Score): Promise<null> {
  while (Date.now() - score.lastSaidMs < SILENCE_MS) await pause(LOOK_EVERY_MS, undefined, { ref: false });
  return null;
}

/** A proof must have struck each point as often as was planned; and what it promises must hold. Exported for its tests. */
export function complaintsOf(
  { verdict, injected, hits, doubles }: Omit<Outcome, 'complaints'>,
  survivors: number,
  planned: readonly Blow[],
): string[] {
  const { lost, unaccepted, repeatedKey, unmarked, outOfOrder, unexpected, notices } = verdict;
  const mustBeNone: Readonly<Record<string, number>> = {
    'accepted and not answered': lost,
    'never accepted': unaccepted,
    'said twice, with a key': repeatedKey,
    'said twice, without a mark': unmarked,
    'said in the wrong order': outOfOrder,
    'said, and nobody asked': unexpected.length,
    // Tries are not bounded here: nobody may be told that there is none.
    'told that there is no answer': notices.filter((text) => text.startsWith('There is no answer')).length,
    'sessions with two sandboxes': doubles,
    'processes left after a clean stop': survivors,
  };
  const missed = Object.keys(POINTS).flatMap((name) => {
    const [dealt, due] = [hits[name] ?? 0, planned.filter(({ at }) => at === name).length];
    return dealt < due ? [`struck ${dealt} times, not ${due}: ${name}`] : [];
  });
  return [
    ...Object.entries(mustBeNone).flatMap(([what, n]) => (n > 0 ? [`${what}: ${n}`] : [])),
    ...(injected === 0 ? ['no blow fell: nothing was shown'] : []),
    ...missed,
  ];
}

function countBy(items: readonly string[]): Record<string, number> {
  return Object.fromEntries([...Map.groupBy(items, (item) => item)].map(([key, all]) => [key, all.length]));
}

/** Null before its first message has been accepted. */
function sessionOf(dataDir: string, chat: string): string | null {
  const db = new DatabaseSync(join(dataDir, 'bellhop.db'), { readOnly: true, timeout: 5_000 });
  try {
    const row = db.prepare('SELECT id FROM sessions WHERE chat = ?').get(chat);
    return row ? String(row.id) : null;
  } finally {
    db.close();
  }
}
