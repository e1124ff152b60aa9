/** What people say in a run, and what happens to the machine meanwhile: drawn from the seed, or given. */
import type { Random } from '../machine/random.ts';

export const PLATFORMS = ['keyed', 'marked', 'held'] as const;
export type PlatformName = (typeof PLATFORMS)[number];

/** What a person says to Bellhop itself. */
export const COMMANDS = ['/stop', '/new'] as const;

/** What the agent does with a message (harness.ts), or Bellhop. */
export const DEEDS = [
  'say',
  'say',
  'say',
  'send',
  'send twice',
  'file',
  'task',
  'gather',
  'later',
  'fail',
  'die once',
  'die',
  'hang once',
  ...COMMANDS,
] as const;
export type Deed = (typeof DEEDS)[number];

export interface Saying {
  readonly id: string;
  readonly atMs: number;
  readonly platform: PlatformName;
  readonly chat: string;
  readonly deed: Deed;
}

export type Happening = { readonly id: string; readonly atMs: number } & (
  | { readonly kind: 'the clock jumps'; readonly ms: number }
  | { readonly kind: 'the disk is full'; readonly ms: number }
  | { readonly kind: 'the machine starts again with another clock'; readonly ms: number }
  | { readonly kind: 'the host is killed' }
  | { readonly kind: 'the host is restarted' }
  | { readonly kind: 'a runner is killed' }
  | { readonly kind: 'a runner is stopped' }
  | { readonly kind: 'the engine is down'; readonly ms: number }
  /** What has failed last. */
  | { readonly kind: 'a person tries it again' }
);

export function isCommand(deed: Deed): boolean {
  return COMMANDS.some((command) => command === deed);
}

export interface Story {
  readonly sayings: readonly Saying[];
  readonly happenings: readonly Happening[];
}

/** The time in which things are said and go wrong, in milliseconds. */
export const TROUBLE_MS = 90_000;
const MINUTE_MS = 60_000;

export function drawStory(random: Random): Story {
  const chats = Array.from({ length: 1 + random.below(3) }, (_, n) => `chat-${n + 1}`);
  const platforms = PLATFORMS.slice(0, 1 + random.below(PLATFORMS.length));
  // Now and then all at once.
  const spreadMs = random.chance(0.3) ? 2_000 : TROUBLE_MS * 0.7;
  const sayings = Array.from({ length: 4 + random.below(10) }, (_, n) => ({
    id: `m${n + 1}`,
    atMs: Math.round(random.between(0, spreadMs)),
    platform: random.pick(platforms),
    chat: random.pick(chats),
    deed: random.pick(DEEDS),
  }));
  const happenings = Array.from({ length: random.below(5) }, (_, n) => drawHappening(random, `h${n + 1}`));
  return { sayings, happenings };
}

function drawHappening(random: Random, id: string): Happening {
  // Often early, when much is under way.
  const at = { id, atMs: Math.round(random.between(0, random.chance(0.3) ? 6_000 : TROUBLE_MS)) };
  const kind = random.pick([
    'the clock jumps',
    'the machine starts again with another clock',
    'the disk is full',
    'the host is killed',
    'the host is restarted',
    'a runner is killed',
    'a runner is stopped',
    'the engine is down',
    'a person tries it again',
    'a person tries it again',
  ] as const);
  switch (kind) {
    case 'the clock jumps':
    case 'the machine starts again with another clock':
      return { ...at, kind, ms: Math.round(random.between(-30, 30) * MINUTE_MS) };
    case 'the disk is full':
    case 'the engine is down':
      return { ...at, kind, ms: Math.round(random.between(0.2, 20) * 1_000) };
    default:
      return { ...at, kind };
  }
}
