/** One tool of the light harness: one row of the manifest. */
import type { z } from 'zod';
import type { Place, TurnTools } from '../../../harness.ts';

export interface ToolContext {
  readonly place: Place;
  readonly tools: TurnTools;
}

export interface LightTool {
  readonly name: string;
  readonly description: string;
  readonly input: z.ZodType;
  /** What people see while it runs. */
  readonly detail: (input: unknown) => string;
  /** Declared to the host, whose patience is as long; null: it is quick. */
  readonly timeoutMs: (input: unknown) => number | null;
  /** What the agent reads. An error's message is read by it too, so it says what to do. */
  readonly run: (input: unknown, context: ToolContext) => Promise<string>;
}

/** Keeps the type of a tool's input between its schema and its work. */
export function defineTool<Input>(tool: {
  readonly name: string;
  readonly description: string;
  readonly input: z.ZodType<Input>;
  readonly detail: (input: Input) => string;
  readonly timeoutMs?: (input: Input) => number;
  readonly run: (input: Input, context: ToolContext) => Promise<string>;
}): LightTool {
  return {
    ...tool,
    detail: (input) => tool.detail(input as Input),
    timeoutMs: (input) => tool.timeoutMs?.(input as Input) ?? null,
    run: (input, context) => tool.run(input as Input, context),
  };
}
