/** The tools of the light harness, listed by hand, as the model calls them. */
import { type ToolSet, tool } from 'ai';
import { TurnFailed } from '../../../harness.ts';
import { bash } from './bash.ts';
import { edit, read, write } from './files.ts';
import { glob, grep, list } from './find.ts';
import { addReaction, askUserQuestion, editMessage, sendFile, sendMessage } from './say.ts';
import { cancelTask, listTasks, scheduleTask } from './tasks.ts';
import type { LightTool, ToolContext } from './tool.ts';
import { webFetch } from './web-fetch.ts';

export const TOOLS: readonly LightTool[] = [
  bash,
  read,
  write,
  edit,
  list,
  glob,
  grep,
  webFetch,
  sendMessage,
  sendFile,
  editMessage,
  addReaction,
  askUserQuestion,
  scheduleTask,
  listTasks,
  cancelTask,
];

export interface Toolbox {
  readonly set: ToolSet;
  /** Ends the turn: thrown by a tool, and not for the agent to go on from. */
  readonly ending: () => TurnFailed | null;
}

export function toolbox(context: ToolContext): Toolbox {
  let ending: TurnFailed | null = null;
  const call = async (one: LightTool, input: unknown): Promise<string> => {
    const shown = { name: one.name, detail: one.detail(input), timeoutMs: one.timeoutMs(input) };
    try {
      return await context.tools.tool(shown, () => one.run(input, context));
    } catch (error) {
      if (error instanceof TurnFailed) ending = error;
      return `Error: ${error instanceof Error ? error.message : String(error)}`;
    }
  };
  const set = Object.fromEntries(
    TOOLS.map((one) => [
      one.name,
      tool({
        description: one.description,
        inputSchema: one.input,
        execute: (input: unknown) => call(one, input),
      }),
    ]),
  );
  return { set, ending: () => ending };
}
