/** The scripted agent of the fake server: the demo's verbs, each as the events that a real turn makes. */
import type { LogBody, ToolView } from '@bellhop/host/api';
import type { FakeServer } from './fake-server.ts';

export const STORY =
  'Every conversation gets its own room and its own mailbox of two files. The host writes one of them, the agent the ' +
  'other. A message is accepted when it is on disk, and it stays there until its answer is on its way.';

export const MARKDOWN = `# A heading

Some **bold**, some *italic*, some \`code\`, and a [link](https://example.com).

1. first
2. second

| what | where |
|---|---:|
| messages | inbound.db |
| answers | outbound.db |

\`\`\`js
console.log('hello from the demo');
\`\`\``;

const LISTING = `\`\`\`
total 8
drwxr-xr-x 2 bell bell 4096 Nov 24 20:18 .
-rw-r--r-- 1 bell bell   44 Nov 24 20:18 note.txt
\`\`\`
exit code 0`;

const LIST: Readonly<Record<string, string>> = {
  help: 'I am bell, a demo: no model is connected. I can:\n\n- `help`: this list\n- `run ls -la`: run a shell command\n\nAnything else I say back.',
  markdown: MARKDOWN,
};

/** Of a turn with a model. */
const USAGE = { calls: 3, inputTokens: 12_345, outputTokens: 678, costMicros: 47_200 };

export async function play(server: FakeServer, thread: string, message: string, text: string): Promise<void> {
  const turn = `turn-${message}`;
  const tools: ToolView[] = [];
  const startedAt = new Date().toISOString();
  const ledger = (): void =>
    server.emit(thread, {
      type: 'ledger',
      turn: {
        turn,
        messages: [message],
        generation: 1,
        sandbox: 'bwrap',
        startedAt,
        tools: [...tools],
        usage: server.models.demo ? null : USAGE,
      },
    });
  const say = (body: LogBody) => server.say(thread, body, { replyTo: message });
  const answer = (words: string) => say({ kind: 'text', text: words, files: [] });
  const tool = async (name: string, detail: string, until: Promise<void>): Promise<void> => {
    const n = tools.length + 1;
    tools.push({ n, name, detail, startedAt: new Date().toISOString(), ms: null, ok: null });
    ledger();
    await until;
    tools[n - 1] = { n, name, detail, startedAt, ms: 340, ok: true };
    ledger();
  };
  server.receipt(thread, message, 'at work');
  ledger();
  switch (text.split(' ')[0]) {
    case 'stream':
      for (const word of STORY.split(/(?<= )/)) {
        if (word.startsWith('accepted')) await server.held;
        server.emit(thread, { type: 'live', turn, text: word });
      }
      answer(STORY);
      break;
    case 'run':
      await tool('bash', text.slice(4), server.held);
      answer(LISTING);
      break;
    case 'file': {
      server.files.set(`out-${message}`, {
        name: 'note.txt',
        bytes: Buffer.from('A file from your agent.\n'),
      });
      const files = [{ name: 'note.txt', path: `out-${message}`, size: 24 }];
      say({ kind: 'text', text: 'Here is a file.', files });
      break;
    }
    case 'ask':
      say({
        kind: 'question',
        question: `q-${message}`,
        title: 'A question',
        text: 'Tea or coffee?',
        options: [
          { label: 'Tea', value: 'tea' },
          { label: 'Coffee', value: 'coffee' },
        ],
      });
      break;
    case 'reach':
      say({
        kind: 'question',
        question: `c-${message}`,
        title: 'Bellhop asks',
        text: 'May bell reach api.example.com, port 443?',
        options: [
          { label: 'Once', value: 'once' },
          { label: 'This conversation', value: 'session' },
          { label: 'Always', value: 'always' },
          { label: 'No', value: 'no' },
        ],
        approval: {
          ...{ agent: 'bell', host: 'api.example.com', port: 443, sha256: 'f0e1' },
          expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
        },
      });
      break;
    case 'react':
      say({ kind: 'reaction', target: message, emoji: 'thumbs_up' });
      answer('I reacted to your message.');
      break;
    case 'edit': {
      const { id } = answer('This is the first version.');
      say({ kind: 'edit', target: id, text: 'This is the edited version.' });
      break;
    }
    case 'fail':
      server.emit(thread, { type: 'ledger', turn: null });
      server.letters.add(message, text, { thread, reason: 'the demo was asked to fail' });
      server.receipt(thread, message, 'failed', 'the demo was asked to fail');
      say({ kind: 'notice', text: 'Your message was not answered: the demo was asked to fail.' });
      return;
    default:
      answer(LIST[text] ?? `You said: ${text}`);
  }
  server.emit(thread, { type: 'ledger', turn: null });
  server.letters.answered(message, thread);
  server.receipt(thread, message, 'answered');
}
