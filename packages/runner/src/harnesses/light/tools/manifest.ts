/** The tools of the light harness, listed by hand, as the model calls them. */
import { asSchema, jsonSchema, type ToolSet } from 'ai';
import { TurnFailed } from '../../../harness.ts';
import type { ToolCall } from '../call.ts';
import { takeArguments } from './arguments.ts';
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
  /** What a model is told of them. Their calls are run here, not by whoever reads its answer. */
  readonly set: ToolSet;
  /** What the agent reads of it, an error too. Throws what ends the turn: TurnFailed, or the stop of a person. */
  readonly run: (call: ToolCall) => Promise<string>;
  /** A tool has told people something. */
  readonly hasSpoken: () => boolean;
}

/** With these an agent tells people something, and may leave it at that. */
const SPEAKING: readonly LightTool[] = [sendMessage, sendFile, editMessage, addReaction, askUserQuestion];

export function toolbox(context: ToolContext): Toolbox {
  const set = Object.fromEntries(
    TOOLS.map(({ name, description, input }) => [name, { description, inputSchema: schemaOf(input) }]),
  );
  let hasSpoken = false;
  const onDone = (one: LightTool) => {
    hasSpoken ||= SPEAKING.includes(one);
  };
  return { set, run: (call) => run(call, context, onDone), hasSpoken: () => hasSpoken };
}

/** Arguments are taken as they are meant (arguments.ts), so the schema alone is handed on, not its check. */
function schemaOf(input: LightTool['input']): ToolSet[string]['inputSchema'] {
  return jsonSchema(asSchema(input).jsonSchema);
}

async function run(
  { name, input }: ToolCall,
  context: ToolContext,
  onDone: (one: LightTool) => void,
): Promise<string> {
  const { tools } = context;
  tools.signal.throwIfAborted();
  const one = TOOLS.find((each) => each.name === name);
  try {
    if (!one)
      throw new Error(`there is no tool ${name}; there are: ${TOOLS.map((each) => each.name).join(', ')}`);
    if (!input) throw new Error('its arguments are no JSON object; it was not run');
    const taken = takeArguments(one.input, input);
    const shown = { name, detail: one.detail(taken), timeoutMs: one.timeoutMs(taken) };
    const result = await tools.tool(shown, () => one.run(taken, context));
    onDone(one);
    return result;
  } catch (error) {
    if (error instanceof TurnFailed) throw error;
    return `Error: ${error instanceof Error ? error.message : String(error)}`;
  }
}
