/** What the demo harness does when all goes well. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runCommand } from './command.ts';
import { reply, says, type Verb, type VerbContext, words } from './verb.ts';

const STREAM_PAUSE_MS = 40;
const PREVIEW_CHARS = 500;
const REMIND = /^remind me in (\d+) (second|minute|hour)s?(?: (?:to|of|that|about) (.+))?$/is;
/** What is said behind it is said back in both, so that one can be told from another. */
const TWICE = /^twice(?: (\S+))?$/i;
const UNIT_MS: Readonly<Record<string, number>> = { second: 1_000, minute: 60_000, hour: 3_600_000 };

const MARKDOWN = `# A heading

Some **bold**, some *italic*, some \`code\`, and a [link](https://example.com).

1. first
2. second

| what | where |
|---|---|
| messages | inbound.db |
| answers | outbound.db |

\`\`\`js
console.log('hello from the demo');
\`\`\``;

const STORY =
  'Every conversation gets its own room and its own mailbox of two files. The host writes one of them, the agent the ' +
  'other. A message is accepted when it is on disk, and it stays there until its answer is on its way.';

export const verbs: readonly Verb[] = [
  {
    usage: null,
    what: 'a reminder that has become due',
    matches: (message) => message.kind === 'task',
    run: async ({ message }) => reply(`Reminder: ${message.text}`),
  },
  {
    usage: null,
    what: 'a pressed button',
    matches: (message) => message.answer !== null,
    run: async ({ message }) => reply(`You chose: ${message.answer?.option}`),
  },
  {
    usage: null,
    what: 'what became of a host that I asked for',
    matches: (message) => message.kind === 'system' && message.content.type === 'approval',
    run: async ({ message }) => reply(`I am told: ${message.text}`),
  },
  { usage: 'help', what: 'this list', matches: says(/^(help|\?)$/i), run: async (c) => reply(helpText(c)) },
  {
    usage: 'markdown',
    what: 'headings, a table, code',
    matches: says(/^markdown$/i),
    run: async () => reply(MARKDOWN),
  },
  { usage: 'stream', what: 'write an answer slowly, word by word', matches: says(/^stream$/i), run: stream },
  {
    usage: 'run ls -la',
    what: 'run a command in my sandbox (`run curl -sSI https://example.com` asks you for that host)',
    matches: says(/^run\s+\S/i),
    run: async (c) => {
      const [command = ''] = words(c, /^run\s+(.+)$/is);
      return reply(
        await c.tools.tool({ name: 'bash', detail: command, timeoutMs: 30_000 }, () =>
          runCommand(command, c),
        ),
      );
    },
  },
  { usage: 'file', what: 'write a file and send it', matches: says(/^file$/i), run: sendAFile },
  {
    usage: 'read',
    what: 'tell what is in the file you send along',
    matches: (message) => message.files.length > 0 || says(/^read$/i)(message),
    run: readFiles,
  },
  { usage: 'ask', what: 'ask you a question with buttons', matches: says(/^ask$/i), run: ask },
  {
    usage: 'remind me in 10 seconds to stretch',
    what: 'a task that the clock sends',
    matches: says(REMIND),
    run: remind,
  },
  {
    usage: 'react',
    what: 'react to your message',
    matches: says(/^react$/i),
    run: async ({ message, tools }) => {
      await tools.react(message.seq, 'thumbs_up');
      return reply('I reacted to your message.');
    },
  },
  {
    usage: 'edit',
    what: 'send a message, then edit it',
    matches: says(/^edit$/i),
    run: async ({ tools }) => {
      const seq = await tools.send('This is the first version.');
      await tools.edit(seq, 'This is the edited version.');
      return reply('I edited my message.');
    },
  },
  {
    usage: 'twice',
    what: 'send twice in one turn',
    matches: says(TWICE),
    run: async (context) => {
      const [about] = words(context, TWICE);
      const of = about ? ` (${about})` : '';
      await context.tools.send(`First, while I am still at it${of}.`);
      return reply(`Second, at the end${of}.`);
    },
  },
];

function helpText({ table, input }: VerbContext): string {
  const shown = table.flatMap((v) => (v.usage === null ? [] : [{ usage: v.usage, what: v.what }]));
  const lines = shown.map((v) => `- \`${v.usage}\`: ${v.what}`);
  return `I am ${input.agentName}, a demo: no model is connected. I can:\n\n${lines.join('\n')}\n\nAnything else I say back.`;
}

async function stream({ tools }: VerbContext): Promise<ReturnType<typeof reply>> {
  for (const word of STORY.split(/(?<= )/)) {
    tools.live(word);
    await delay(STREAM_PAUSE_MS);
  }
  return reply(STORY);
}

async function sendAFile({ tools, workDir, message }: VerbContext): Promise<ReturnType<typeof reply>> {
  const name = `note-${message.seq}.txt`;
  await writeFile(join(workDir, name), `A file from your agent, for message ${message.seq}.\n`);
  await tools.sendFile(name, 'Here is a file.');
  return reply(`I wrote ${name} and sent it.`);
}

async function readFiles({ message }: VerbContext): Promise<ReturnType<typeof reply>> {
  if (message.files.length === 0) return reply('Send a file along, and I tell you what is in it.');
  const seen = message.files.map(async (file) => {
    if (file.path === null)
      return `${file.name}: it did not reach me (${file.problem ?? 'no reason given'}).`;
    const bytes = await readFile(file.path);
    const head = bytes.subarray(0, PREVIEW_CHARS).toString('utf8');
    return `${file.name} has ${bytes.length} bytes. It begins:\n\n\`\`\`\n${head}\n\`\`\``;
  });
  return reply((await Promise.all(seen)).join('\n\n'));
}

async function ask({ tools }: VerbContext): Promise<ReturnType<typeof reply>> {
  await tools.ask({
    title: 'A question',
    text: 'Tea or coffee?',
    options: [
      { label: 'Tea', value: 'tea' },
      { label: 'Coffee', value: 'coffee' },
    ],
  });
  return reply();
}

async function remind(context: VerbContext): Promise<ReturnType<typeof reply>> {
  const [count = '', unit = '', about = 'what you wanted'] = words(context, REMIND);
  const inMs = Number(count) * (UNIT_MS[unit.toLowerCase()] ?? 0);
  await context.tools.scheduleTask({ prompt: about, atMs: Date.now() + inMs });
  return reply(`I will remind you in ${count} ${unit}${count === '1' ? '' : 's'}.`);
}
