/**
 * The demo harness: needs no model, and says so. It shows everything an agent can do, and fails on request in every
 * way an agent can, so that a person (and every test) can see that the answer still comes.
 *
 * The first word of a message picks a verb from one table; what no verb knows is echoed.
 */
import type { Harness, TurnResult, TurnText } from '../../harness.ts';
import { dieAtBoot, failures } from './failures.ts';
import type { Verb, VerbContext } from './verb.ts';
import { verbs } from './verbs.ts';

export const LABEL = 'demo, no model connected';

export function demoHarness(): Harness {
  const room: { workDir: string; env: NodeJS.ProcessEnv } = { workDir: '', env: {} };
  const table: readonly Verb[] = [...verbs, ...failures];
  return {
    name: 'demo',
    start({ workDir, env }) {
      Object.assign(room, { workDir, env });
      dieAtBoot(workDir);
    },
    async run(input, tools) {
      const texts: TurnText[] = [];
      let last: TurnResult = { texts: [] };
      for (const message of input.messages) {
        tools.answering(message.seq);
        last = await answer({ table, message, input, tools, ...room });
        texts.push(...last.texts.map((text) => toText(text, message.seq)));
      }
      return { ...last, texts };
    },
  };
}

function toText(text: string | TurnText, answers: number): TurnText {
  return typeof text === 'string' ? { text, answers } : text;
}

function answer(context: VerbContext): Promise<TurnResult> {
  const { table, message } = context;
  const said = message.text.trim();
  const verb = table.find((v) => v.matches(message));
  if (verb) return verb.run(context);
  const text = said === '' ? 'You sent nothing that I can read.' : `You said: ${said}`;
  return Promise.resolve({ texts: [`${text}\n\n(${LABEL}; say \`help\` to see what I can do)`] });
}
