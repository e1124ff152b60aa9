/** What fake sandboxes do, from the good one to each way of failing. A test may write its own beside these. */
import type { Clock } from '../../src/types.ts';
import type { Life } from './life.ts';

export type Behaviour = (life: Life, clock: Clock) => Promise<void> | void;

/** Answers everything with `re: <text>`, again at every bell, until it is told to stop. */
export const answering: Behaviour = async (life, clock) => {
  const work = (): void => {
    if (life.ended) return;
    for (let turn = life.claim(clock.now()); turn; turn = life.claim(clock.now())) {
      life.say({ t: 'working', turn: turn.turnId, messages: turn.messages.map((m) => m.id) });
      life.commit(
        turn.turnId,
        turn.messages,
        turn.messages.map((m) => `re: ${textOf(m.content)}`),
      );
      life.say({ t: 'bell' });
    }
    life.say({ t: 'idle' });
  };
  life.onFrame = (frame) => (frame.t === 'stop' ? life.exit(0) : work());
  await life.ready();
  work();
};

export const dyingAtBoot: Behaviour = (life) => life.exit(1, null, 'no such harness');

/** Comes up, is heard, and dies before it has claimed anything; `heard` waits for the host's note of a live text. */
export function dyingWhenReady(heard: (text: string) => Promise<void>): Behaviour {
  return async (life) => {
    await life.ready();
    const text = `generation ${life.config.generation}`;
    life.say({ t: 'live', turn: 'none', text });
    await heard(text);
    life.exit(1);
  };
}

/** Claims, and dies before its commit. */
export const dyingAtWork: Behaviour = async (life, clock) => {
  await life.ready();
  const turn = life.claim(clock.now());
  if (turn) life.say({ t: 'working', turn: turn.turnId, messages: turn.messages.map((m) => m.id) });
  life.exit(null, 'SIGKILL');
};

/** Claims, and is never heard of again. */
export const hangingAtWork: Behaviour = async (life, clock) => {
  await life.ready();
  const turn = life.claim(clock.now());
  if (turn) life.say({ t: 'working', turn: turn.turnId, messages: turn.messages.map((m) => m.id) });
};

/** Its process runs, and that is all. */
export const neverReady: Behaviour = () => undefined;

/** Is ready, and never looks at its mailbox. */
export const neverLooking: Behaviour = (life) => life.ready();

export function textOf(content: string): string {
  const { text, prompt } = JSON.parse(content) as { text?: string; prompt?: string };
  return text ?? prompt ?? '';
}
