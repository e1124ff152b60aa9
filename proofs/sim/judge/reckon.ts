/**
 * The reckoning when nothing goes wrong any more and nothing is left to do: every message that a platform was told is
 * accepted has come to one end, its people have heard of it, and nobody has heard anything twice that need not be.
 */
import { answerTo, sentFor, taskOf } from '../town/harness.ts';
import { HOSTILE } from '../town/hostile.ts';
import type { Offered, Said } from '../town/platform.ts';
import { isCommand, type PlatformName } from '../town/story.ts';
import type { Row, StoreReader } from './store-reader.ts';
import { Violation } from './violation.ts';

export interface Facts {
  readonly platform: PlatformName;
  readonly said: readonly Said[];
  readonly offered: readonly Offered[];
}

export interface Counts {
  readonly accepted: number;
  readonly lost: number;
  readonly repeatedKey: number;
  readonly repeatedNoKey: number;
}

export interface StoreRows {
  readonly targets: readonly Row[];
  readonly deliveries: readonly Row[];
  readonly openGenerations: readonly Row[];
}

export function readStore(store: StoreReader): StoreRows {
  return {
    targets: store.rows('SELECT * FROM targets'),
    deliveries: store.rows('SELECT * FROM deliveries'),
    openGenerations: store.rows("SELECT * FROM generations WHERE state <> 'settled'"),
  };
}

const ENDED: ReadonlySet<unknown> = new Set(['answered', 'failed']);
const SENT: ReadonlySet<unknown> = new Set(['delivered', 'failed', 'held']);

/** In words what is still under way; null when nothing is. */
export function unfinished(store: StoreRows, towns: readonly Facts[]): string | null {
  for (const { offered } of towns) {
    const open = offered.find(({ acceptedMs }) => acceptedMs === null);
    if (open) return `${open.saying.id} is not accepted`;
  }
  const target = store.targets.find(({ state }) => !ENDED.has(state));
  if (target) return `${target.message_id} is ${target.state}`;
  const delivery = store.deliveries.find(({ state }) => !SENT.has(state));
  if (delivery) return `${delivery.out_id} is ${delivery.state}`;
  for (const { offered } of towns) {
    for (const { saying } of offered) {
      const mine = store.targets.find(({ message_id: id }) => id === saying.id);
      if (saying.deed !== 'task' || mine?.state !== 'answered') continue;
      const answer = store.deliveries.find(({ content }) =>
        lines(content).includes(answerTo(taskOf(saying.id))),
      );
      const isOver = answer !== undefined || hasNotice(store, `task:`, mine.session_id);
      if (!isOver) return `the task of ${saying.id} has not been answered`;
    }
  }
  return null;
}

/** What could not be noted of a sandbox's end is noted by the next start. */
export function unsettled(store: StoreRows): string | null {
  const [generation] = store.openGenerations;
  return generation ? `generation ${generation.mark} is ${generation.state}` : null;
}

function hasNotice(store: StoreRows, prefix: string, session: unknown): boolean {
  return store.deliveries.some(
    (d) => d.session_id === session && String(d.out_id).startsWith(`notice:${prefix}`),
  );
}

/** @param spoiled sessions in which a hostile runner was at work: their messages need not be answered only once. */
export function reckon(store: StoreRows, towns: readonly Facts[], spoiled: ReadonlySet<unknown>): Counts {
  let [accepted, repeatedNoKey] = [0, 0];
  for (const town of towns) {
    for (const event of town.offered) {
      accepted += 1;
      judgeMessage(store, town, event, spoiled);
    }
    judgeReceipts(store, town);
    repeatedNoKey += judgeRepeats(town);
    const stranger = town.said.find(({ chat, text }) => text.includes(HOSTILE) && chat === 'somebody-else');
    if (stranger) throw new Violation('sent where it may not', stranger.text);
  }
  return { accepted, lost: 0, repeatedKey: 0, repeatedNoKey };
}

function judgeMessage(
  store: StoreRows,
  { platform }: Facts,
  { saying }: Offered,
  spoiled: ReadonlySet<unknown>,
): void {
  const mine = store.targets.filter((t) => t.message_id === saying.id && t.channel === platform);
  const [target] = mine;
  if (!target || mine.length !== 1) throw new Violation('lost', `${saying.id} has ${mine.length} targets`);
  const own = store.deliveries.filter((d) => d.session_id === target.session_id);
  if (isCommand(saying.deed)) {
    if (!own.some((d) => d.out_id === `notice:command:${saying.id}`))
      throw new Violation('lost', `${saying.id} is a command, and has no answer`);
    return;
  }
  if (target.state === 'answered') {
    const answers = own.filter(({ content }) => lines(content).includes(answerTo(saying.id)));
    if (answers.length === 0) throw new Violation('lost', `${saying.id} is answered, and no answer was sent`);
    if (spoiled.has(target.session_id)) return;
    if (answers.length > 1)
      throw new Violation('answered twice', `${saying.id}: ${answers.map((d) => d.out_id)}`);
    const sent = own.filter(({ content }) => lines(content).includes(sentFor(saying.id)));
    const most = saying.deed === 'send twice' ? 2 : 1;
    if (sent.length > most)
      throw new Violation('a tool has sent twice', `${saying.id}: ${sent.map((d) => d.out_id)}`);
    return;
  }
  const told = own.some((d) => d.in_reply_to === saying.id && String(d.out_id).startsWith('notice:'));
  if (!told) throw new Violation('lost', `${saying.id} has failed (${target.reason}), and nobody was told`);
}

/** What the host calls delivered was taken by the platform, and nothing was taken that the host knows nothing of. */
function judgeReceipts(store: StoreRows, { platform, said }: Facts): void {
  const taken = new Set(said.map(({ key }) => key));
  for (const d of store.deliveries) {
    if (d.channel !== platform || d.state !== 'delivered' || d.content === 'null') continue;
    const key = `${d.session_id}:${d.out_id}:0`;
    if (!taken.has(key)) throw new Violation('lost', `${key} is delivered, and the platform has not got it`);
  }
}

/** How often something was said again that nobody could know of; throws for what was said again without need. */
function judgeRepeats({ platform, said }: Facts): number {
  let repeats = 0;
  for (const [key, all] of Map.groupBy(said, (one) => one.key)) {
    if (all.length === 1) continue;
    if (platform !== 'marked') throw new Violation('repeated', `${platform} has said ${key} twice`);
    // The one without a mark may come last: the platform took its time.
    if (all.filter(({ maybeRepeat }) => !maybeRepeat).length > 1)
      throw new Violation('repeated', `${key} was said again without a mark`);
    repeats += all.length - 1;
  }
  return repeats;
}

function textOf(content: unknown): string {
  const parsed = JSON.parse(String(content)) as { text?: unknown } | null;
  return typeof parsed?.text === 'string' ? parsed.text : '';
}

function lines(content: unknown): string[] {
  return textOf(content).split('\n');
}
