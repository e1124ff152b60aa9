/**
 * The ledger of a running turn: what people see of its work. Pure, built from the runner's frames, which are hints and
 * hostile: bounded here and in link.ts, kept in memory, gone with the turn.
 */
import type { HeardFrame } from './link.ts';
import type { ModelCall, ToolEntry, TurnLedger } from './port.ts';

const MAX_TOOLS = 50;

/** Null when no turn runs; the same object when the frame changes nothing. */
export function noteFrame(
  ledger: TurnLedger | null,
  frame: HeardFrame,
  generation: number,
  nowMs: number,
): TurnLedger | null {
  switch (frame.t) {
    case 'working': {
      const { turn, messages } = frame;
      const same = ledger?.turn === turn;
      return same
        ? { ...ledger, messages }
        : { turn, messages, generation, startedMs: nowMs, tools: [], usage: null };
    }
    case 'tool':
      return ledger?.turn === frame.turn
        ? { ...ledger, tools: withTool(ledger.tools, frame, nowMs) }
        : ledger;
    case 'idle':
      return null;
    default:
      return ledger;
  }
}

export function addCall(ledger: TurnLedger, call: ModelCall): TurnLedger {
  const before = ledger.usage ?? { calls: 0, inputTokens: 0, outputTokens: 0, costMicros: 0 };
  const known = before.costMicros !== null && call.costMicros !== null;
  const usage = {
    calls: before.calls + 1,
    inputTokens: before.inputTokens + (call.inputTokens ?? 0),
    outputTokens: before.outputTokens + (call.outputTokens ?? 0),
    costMicros: known ? (before.costMicros ?? 0) + (call.costMicros ?? 0) : null,
  };
  return { ...ledger, usage };
}

function withTool(
  tools: readonly ToolEntry[],
  frame: Extract<HeardFrame, { t: 'tool' }>,
  nowMs: number,
): readonly ToolEntry[] {
  const { n, name, detail, ok } = frame;
  const known = tools.find((tool) => tool.n === n);
  if (known) {
    // The first end counts.
    if (ok === null || known.ms !== null) return tools;
    return tools.map((tool) => (tool === known ? { ...tool, ok, ms: nowMs - tool.startedMs } : tool));
  }
  const ms = ok === null ? null : 0;
  return [...tools, { n, name, detail, startedMs: nowMs, ms, ok }].slice(-MAX_TOOLS);
}
