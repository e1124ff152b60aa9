/**
 * One turn: call the model, let its tools work, take up what came meanwhile, until it answers.
 *
 *   messages --call--> tools used --follow-ups--> call … --> words --> blocks sent, the rest is the answer
 *
 * Nothing of a turn is kept before its end: what it sends is in the outbox at once, and its retry is shown that (M7);
 * its conversation is returned and committed with the answer (M6). How the model is asked is dialogue.ts's.
 */
import type { ToolResultPart } from 'ai';
import { HERE, TurnFailed, type TurnInput, type TurnResult, type TurnTools } from '../../harness.ts';
import type { CallEnd } from './call.ts';
import { BLIND_WORDS, Dialogue, type Mind } from './dialogue.ts';
import { readHistory } from './history.ts';
import { buildInstructions } from './instructions.ts';
import { type Output, parseOutput } from './output.ts';
import { renderMessages, renderTurn } from './prompt.ts';
import { type Toolbox, toolbox } from './tools/manifest.ts';

/** Answers in a row whose calls were cut off. */
const MAX_CUT = 2;

const NOT_RUN = 'Error: not run. Your answer was cut off before its end; do less in one call.';
const CUT_OFF = '[cut off: the answer was longer than the model may write]';
const EMPTY_NOTE =
  'Your answer was empty, and nobody was told anything. Answer now. If there is nothing to say, write <internal>nothing</internal>.';
const EMPTY_ANSWER = '[the model gave an empty answer, twice]';

export async function runTurn(mind: Mind, input: TurnInput, tools: TurnTools): Promise<TurnResult> {
  const names = await tools.destinations();
  const instructions = await buildInstructions(mind.place, input.agentName, names);
  const history = readHistory(input.continuation, mind.ways.name);
  mind.ways.onHistory(history);
  const box = toolbox({ place: mind.place, tools });
  const dialogue = new Dialogue(mind, tools, instructions, box.set, history);
  await dialogue.hear(renderTurn(input, mind.zone), [...input.context, ...input.messages]);
  const hasSpoken = input.sent.some((content) => !content.includes(BLIND_WORDS));
  return new LightTurn({ dialogue, tools, box, names, zone: mind.zone }, hasSpoken).answer();
}

interface Parts {
  readonly dialogue: Dialogue;
  readonly tools: TurnTools;
  readonly box: Toolbox;
  /** Whom it may send to. */
  readonly names: readonly string[];
  readonly zone: string;
}

class LightTurn {
  readonly #parts: Parts;
  /** Something has gone out, of this try or an earlier one. */
  #hasSpoken: boolean;

  constructor(parts: Parts, hasSpoken: boolean) {
    this.#parts = parts;
    this.#hasSpoken = hasSpoken;
  }

  async answer(): Promise<TurnResult> {
    const { dialogue, tools } = this.#parts;
    const nudged = { unknown: false, empty: false };
    for (;;) {
      const end = await this.#work();
      const isEmpty = end.text.trim() === '' && end.finish === 'stop' && !this.#hasSpoken;
      if (isEmpty && !nudged.empty) {
        nudged.empty = true;
        dialogue.note(EMPTY_NOTE);
        continue;
      }
      const output = parseOutput(end.text);
      const texts = isEmpty ? [EMPTY_ANSWER] : await this.#textsOf(end, output);
      // Told, if only in its next turn: a drop is never silent (L9).
      const isNudge = this.#nudge(output);
      if (isNudge && !nudged.unknown) {
        nudged.unknown = true;
        for (const text of texts) await tools.send(text);
        continue;
      }
      return { texts: texts.filter((text) => text !== ''), continuation: dialogue.history() };
    }
  }

  /** Calls until one ends without tools. What earlier ones addressed to somebody is sent at once. */
  async #work(): Promise<CallEnd> {
    const { dialogue, tools, zone } = this.#parts;
    for (let cut = 0; ; ) {
      const end = await dialogue.ask();
      if (end.calls.length === 0) return end;
      const output = parseOutput(end.text);
      await this.#send(output, () => true);
      await this.#run(end);
      // Each as long as an answer may be: twice is enough. What it said has been sent.
      cut = end.finish === 'stop' ? 0 : cut + 1;
      if (cut === MAX_CUT) return { ...end, text: '' };
      this.#nudge(output);
      const more = await tools.followUps();
      if (more.length > 0) await dialogue.hear(renderMessages(more, zone), more);
    }
  }

  /** One tool after the other, and only those of an answer that came to its end: what was cut off may mean anything. */
  async #run({ calls, finish }: CallEnd): Promise<void> {
    const { dialogue, box } = this.#parts;
    const content: ToolResultPart[] = [];
    for (const call of calls) {
      const value = finish === 'stop' ? await box.run(call) : NOT_RUN;
      const { id: toolCallId, name: toolName } = call;
      content.push({ type: 'tool-result', toolCallId, toolName, output: { type: 'text', value } });
    }
    this.#hasSpoken ||= box.hasSpoken();
    dialogue.add({ role: 'tool', content });
  }

  /** Sends what goes elsewhere; returns what goes to the chat that asked, for the turn's commit. */
  async #textsOf(end: CallEnd, output: Output): Promise<string[]> {
    if (output.blocks.length === 0) return [answerText(end, output.rest)];
    await this.#send(output, (to) => to !== HERE);
    return output.blocks.filter(({ to }) => to === HERE).map(({ body }) => body);
  }

  async #send({ blocks }: Output, isWanted: (to: string) => boolean): Promise<void> {
    const { tools, names } = this.#parts;
    for (const { to, body } of blocks) {
      if (!names.includes(to) || !isWanted(to)) continue;
      await tools.send(body, to);
      this.#hasSpoken = true;
    }
  }

  /** False when there was no need. */
  #nudge({ blocks }: Output): boolean {
    const { names, dialogue } = this.#parts;
    const unknown = blocks.filter(({ to }) => !names.includes(to)).map(({ to }) => `"${to}"`);
    if (unknown.length === 0) return false;
    dialogue.note(
      `Your response was not delivered — there is no destination ${unknown.join(', ')}. You may send to: ${names.join(', ')}.`,
    );
    return true;
  }
}

function answerText(end: CallEnd, rest: string): string {
  if (end.finish === 'refused' && rest === '') {
    throw new TurnFailed('the model declined to answer this', 'refused');
  }
  return end.finish === 'length' ? [rest, CUT_OFF].filter((text) => text !== '').join('\n\n') : rest;
}
