/**
 * What a person says to Bellhop itself and not to the agent: one table, matched to the letter (R14). The answer is a
 * notice in the same chat; no agent ever sees the command.
 */
import { retireSession } from '../store/sessions.ts';
import type { Supervisor } from '../supervisor/port.ts';
import type { Command } from './command.ts';
import { createModelCommands, type ModelCommandsDeps } from './model-commands.ts';

export function createCommands(deps: {
  readonly supervisor: Supervisor;
  /** Kind of the sandboxes. */
  readonly sandbox: string;
  readonly version: string;
  readonly model: ModelCommandsDeps;
}): readonly Command[] {
  const { supervisor, sandbox, version, model } = deps;
  const table: readonly Command[] = [
    {
      name: '/help',
      what: 'this list',
      run: async () => ({ text: table.map((one) => `- \`${shown(one)}\`: ${one.what}`).join('\n') }),
    },
    {
      name: '/stop',
      what: 'end what the agent is doing',
      run: async (_, { session }) => {
        if (!supervisor.ledger(session.id)) return { text: 'Nothing is at work here.' };
        return { text: 'Stopping.', after: () => void supervisor.stopTurn(session.id) };
      },
    },
    {
      name: '/new',
      what: 'start afresh: the agent keeps its files, not what was said',
      run: async (sql, { session }) => {
        await retireSession(sql, session.id);
        return { text: 'A fresh conversation begins here.' };
      },
    },
    {
      name: '/status',
      what: 'what runs here and what waits',
      run: async (_, { session, agent }) => {
        const turn = supervisor.ledger(session.id);
        const waits = supervisor.waitingFor(session.id);
        const tool = turn?.tools.findLast(({ ms }) => ms === null);
        const doing = tool ? `at work: ${tool.name} ${tool.detail}`.trim() : turn ? 'at work' : 'at rest';
        const { harness } = model.models.of(agent);
        const lines = [`${agent.name} (${harness}) is ${doing}.`];
        if (waits !== null) lines.push(`Waiting for ${waits}.`);
        return { text: [...lines, `Sandbox: ${sandbox}. Bellhop ${version}.`].join('\n') };
      },
    },
    ...createModelCommands(model),
  ];
  return table;
}

function shown({ name, takes }: Command): string {
  return takes === undefined ? name : `${name} [${takes}]`;
}
