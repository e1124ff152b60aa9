/**
 * The demo harness: needs no model, and says so. It shows everything an agent can do, and fails on request in every
 * way an agent can, so that a person (and every test) can see that the answer still comes.
 *
 * The first word of a message picks a verb from one table; what no verb knows is echoed.
 */
import type { Harness, TurnInput, TurnMessage, TurnResult, TurnTools } from '../../harness.ts';
import { dieAtBoot, failures } from './failures.ts';
import type { Verb } from './verb.ts';
import { verbs } from './verbs.ts';

export const LABEL = 'demo, no model connected';

export function demoHarness(): Harness {
  const workspace = { dir: '' };
  const table: readonly Verb[] = [...verbs, ...failures];
  return {
    name: 'demo',
    start({ workDir }) {
      workspace.dir = workDir;
      dieAtBoot(workDir);
    },
    async run(input, tools) {
      const texts: string[] = [];
      let last: TurnResult = { texts: [] };
      for (const message of input.messages) {
        last = await answer(table, message, input, tools, workspace.dir);
        texts.push(...last.texts);
      }
      return { ...last, texts };
    },
  };
}

function answer(
  table: readonly Verb[],
  message: TurnMessage,
  input: TurnInput,
  tools: TurnTools,
  workDir: string,
): Promise<TurnResult> {
  const said = message.text.trim();
  const verb = table.find((v) => v.matches(message));
  if (verb) return verb.run({ message, input, tools, workDir, table });
  const text = said === '' ? 'You sent nothing that I can read.' : `You said: ${said}`;
  return Promise.resolve({ texts: [`${text}\n\n(${LABEL}; say \`help\` to see what I can do)`] });
}
