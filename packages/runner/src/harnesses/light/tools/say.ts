/** What an agent does in its chat. Each is one row of the outbox; the same call again in a retried turn writes nothing (M7). */
import { basename } from 'node:path';
import { z } from 'zod';
import { HERE } from '../../../harness.ts';
import { defineTool } from './tool.ts';

const text = z.string().min(1).max(100_000);
const id = z.number().int().min(1);

export const sendMessage = defineTool({
  name: 'send_message',
  description:
    'Sends a message now, while you go on working. Your last text is sent by itself: do not send it with this as well.',
  input: z.object({ text, to: z.string().max(200).optional() }),
  detail: (input) => input.to ?? HERE,
  async run({ text: words, to = HERE }, { tools }) {
    const names = await tools.destinations();
    if (!names.includes(to))
      throw new Error(`there is no destination ${to}; you may send to: ${names.join(', ')}`);
    return `sent as message ${await tools.send(words, to)}`;
  },
});

export const sendFile = defineTool({
  name: 'send_file',
  description:
    'Sends a file from your workspace, or one that you received, to the chat that asked, with a text if you like.',
  input: z.object({ path: z.string().min(1).max(4_000), text: z.string().max(10_000).optional() }),
  detail: (input) => input.path,
  async run({ path, text: words = '' }, { tools }) {
    const { seq, name } = await tools.sendFile(path, words);
    return `sent as message ${seq}${name === basename(path) ? '' : `, under the name ${name}`}`;
  },
});

export const editMessage = defineTool({
  name: 'edit_message',
  description: 'Changes the text of a message that you have sent, by its number.',
  input: z.object({ id, text }),
  detail: (input) => String(input.id),
  async run(input, { tools }) {
    await tools.edit(input.id, input.text);
    return `changed message ${input.id}`;
  },
});

export const addReaction = defineTool({
  name: 'add_reaction',
  description: 'Adds an emoji to a message, by its number.',
  input: z.object({ id, emoji: z.string().min(1).max(64) }),
  detail: (input) => `${input.emoji} ${input.id}`,
  async run(input, { tools }) {
    await tools.react(input.id, input.emoji);
    return `added ${input.emoji} to message ${input.id}`;
  },
});

export const askUserQuestion = defineTool({
  name: 'ask_user_question',
  description:
    'Asks a question with up to 20 answers to choose from. The answer comes as a message of a later turn: end this one after asking.',
  input: z.object({
    title: z.string().max(300).default(''),
    question: z.string().min(1).max(4_000),
    options: z.array(z.string().min(1).max(200)).min(1).max(20),
  }),
  detail: (input) => input.question,
  async run({ title, question, options }, { tools }) {
    await tools.ask({ title, text: question, options: options.map((label) => ({ label, value: label })) });
    return 'asked; end your turn, the answer will come as a message';
  },
});
