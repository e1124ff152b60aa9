/**
 * What a person says to Bellhop itself and not to the agent: one table, matched to the letter (R14). The answer is a
 * notice in the same chat; no agent ever sees the command.
 */
import type { Sql } from '../store/port.ts';
import { retireSession } from '../store/sessions.ts';
import type { Supervisor } from '../supervisor/port.ts';
import type { Agent, Session } from '../types.ts';

export interface CommandAnswer {
  readonly text: string;
  /** Done when the answer is durable; lost if the host dies in between. */
  readonly after?: () => void;
}

export interface Command {
  /** All of the text, but for white space around it. */
  readonly name: string;
  readonly what: string;
  /** Runs in the transaction that accepts the command: it happens once, however often a platform redelivers. */
  run(sql: Sql, where: { readonly session: Session; readonly agent: Agent }): Promise<CommandAnswer>;
}

export function createCommands(deps: {
  readonly supervisor: Supervisor;
  /** Kind of the sandboxes. */
  readonly sandbox: string;
  readonly version: string;
}): readonly Command[] {
  const { supervisor, sandbox, version } = deps;
  const table: readonly Command[] = [
    {
      name: '/help',
      what: 'this list',
      run: async () => ({ text: table.map(({ name, what }) => `- \`${name}\`: ${what}`).join('\n') }),
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
        const lines = [`${agent.name} (${agent.harness}) is ${doing}.`];
        if (waits !== null) lines.push(`Waiting for ${waits}.`);
        return { text: [...lines, `Sandbox: ${sandbox}. Bellhop ${version}.`].join('\n') };
      },
    },
  ];
  return table;
}
