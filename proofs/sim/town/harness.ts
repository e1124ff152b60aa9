/** What thinks in a simulated runner: does with each message what the message says (story.ts). */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Harness,
  type Place,
  TurnFailed,
  type TurnInput,
  TurnLater,
  type TurnMessage,
  type TurnTools,
} from '../../../packages/runner/src/harness.ts';
import type { Process } from '../machine/kernel.ts';

/** A turn's own time for one message. */
const THINKING_MS = 400;
const TASK_AFTER_MS = 20_000;

export function answerTo(id: string): string {
  return `answer to ${id}`;
}

export function sentFor(id: string): string {
  return `on the way for ${id}`;
}

/** The message that a task of this one brings. */
export function taskOf(id: string): string {
  return `${id}-task`;
}

export function createHarness(process: Process): Harness {
  const place: { now: Place | null } = { now: null };
  const deeds: Readonly<
    Record<string, (id: string, tools: TurnTools, message: TurnMessage) => Promise<void>>
  > = {
    async send(id, tools) {
      await tools.send(sentFor(id));
      await process.sleep(THINKING_MS);
    },
    async 'send twice'(id, tools) {
      await tools.send(sentFor(id));
      await process.sleep(THINKING_MS);
      await tools.send(sentFor(id));
    },
    async file(id, tools) {
      writeFileSync(join(place.now?.workDir ?? '', `${id}.txt`), id);
      await tools.sendFile(`${id}.txt`, sentFor(id));
    },
    async task(id, tools) {
      await tools.scheduleTask({ prompt: `${taskOf(id)} say`, atMs: Date.now() + TASK_AFTER_MS });
    },
    async later(_id, _tools, { attempt }) {
      if (attempt === 1) throw new TurnLater('too many requests', 'rate_limit', 5_000);
    },
    async fail() {
      throw new TurnFailed('it cannot be done', 'demo');
    },
    async 'die once'(id, _tools, { attempt }) {
      if (attempt === 1) throw new Error(`${id} was too much for it`);
    },
    async die(id) {
      throw new Error(`${id} is too much for it`);
    },
    async 'hang once'(_id, _tools, { attempt }) {
      if (attempt === 1) await new Promise(() => undefined);
    },
  };

  async function heed(message: TurnMessage, tools: TurnTools): Promise<string> {
    const [id = '', ...deed] = message.text.split(' ');
    await process.sleep(THINKING_MS);
    await deeds[deed.join(' ')]?.(id, tools, message);
    return answerTo(id);
  }

  return {
    name: 'sim',
    start(given) {
      place.now = given;
    },
    async run({ messages }: TurnInput, tools) {
      const texts: string[] = [];
      const waiting = [...messages];
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        texts.push(await heed(next, tools));
        if (next.text.endsWith('gather')) waiting.push(...(await tools.followUps()));
      }
      return { texts, continuation: String(texts.length) };
    },
  };
}
