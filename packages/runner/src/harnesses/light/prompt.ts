/**
 * What the agent reads of its messages (nanoclaw-formats C.1). Everything that others wrote is escaped, in bodies as in
 * attributes (L18): no message can close its own tag and speak as another one, or as Bellhop.
 */
import { clip } from '@bellhop/mailbox';
import { HERE, type TurnFile, type TurnInput, type TurnMessage } from '../../harness.ts';

const SENT_CHARS = 2_000;

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (char) => ESCAPES[char] ?? char);
}

/** The kinds in the order in which they are shown. */
const KINDS: readonly (readonly [
  kinds: readonly string[],
  render: (m: TurnMessage, zone: string) => string,
])[] = [
  [['chat', 'chat-sdk'], renderChat],
  [['task'], renderTask],
  [['webhook'], renderWebhook],
  [['system'], renderSystem],
];

/** @param zone IANA name. */
export function renderMessages(messages: readonly TurnMessage[], zone: string): string {
  const groups = KINDS.map(([kinds, render]) =>
    messages.filter((m) => kinds.includes(m.kind)).map((m) => render(m, zone)),
  );
  const [chats = [], ...others] = groups;
  const chat = chats.length > 1 ? [`<messages>\n${chats.join('\n')}\n</messages>`] : chats;
  return [...chat, ...others.map((group) => group.join('\n'))].filter((part) => part !== '').join('\n\n');
}

/** The first words of a turn: where and when it is, what has come, and what an earlier try of it has sent already. */
export function renderTurn(input: TurnInput, zone: string): string {
  const messages = [...input.context, ...input.messages].sort((a, b) => a.seq - b.seq);
  const parts = [`<context timezone="${escaped(zone)}" />\n${renderMessages(messages, zone)}`];
  if (input.sent.length > 0) {
    const sent = input.sent.map((content) => `- ${escaped(clip(content, SENT_CHARS))}`).join('\n');
    const words =
      'You have begun this turn before and were interrupted. This has been sent already; do not send it';
    parts.push(`<system>${words} again:\n${sent}\n</system>`);
  }
  return parts.join('\n\n');
}

/** A word from Bellhop itself to the agent. */
export function renderNote(words: string): string {
  return `<system>${escaped(words)}</system>`;
}

function attributes(pairs: readonly (readonly [string, string | null])[]): string {
  return pairs.map(([name, value]) => (value === null ? '' : ` ${name}="${escaped(value)}"`)).join('');
}

function renderChat(message: TurnMessage, zone: string): string {
  const { seq, sender, text, replyTo, files } = message;
  const open = attributes([
    ['id', String(seq)],
    ['from', HERE],
    ['sender', sender],
    ['time', time(message.timeMs, zone)],
    ['reply_to', replyTo?.id ?? null],
  ]);
  const quote =
    replyTo?.sender && replyTo.text
      ? `\n  <quoted_message${attributes([['from', replyTo.sender]])}>${escaped(replyTo.text)}</quoted_message>\n`
      : '';
  const body = [escaped(text), ...files.map(renderFile)].filter((line) => line !== '').join('\n');
  return `<message${open}>${quote}${body}</message>`;
}

export function renderFile(file: TurnFile): string {
  const where =
    file.path === null ? `not available: ${file.problem ?? 'it is gone'}` : `saved to ${file.path}`;
  return escaped(`[${file.type}: ${file.name} — ${where}]`);
}

function renderTask(message: TurnMessage, zone: string): string {
  const { content, text, timeMs } = message;
  const open = attributes([
    ['from', HERE],
    ['time', time(timeMs, zone)],
  ]);
  const output = content.scriptOutput;
  const script = output === undefined ? '' : `Script output:\n${escaped(pretty(output))}\n\n`;
  return `<task${open}>${script}Instructions:\n${escaped(text)}</task>`;
}

function renderWebhook({ content }: TurnMessage): string {
  const open = attributes([
    ['from', HERE],
    ['source', string(content.source) ?? 'unknown'],
    ['event', string(content.event) ?? 'unknown'],
  ]);
  return `<webhook${open}>${escaped(pretty(content.payload ?? content))}</webhook>`;
}

function renderSystem({ content }: TurnMessage): string {
  const open = attributes([
    ['from', HERE],
    ['action', string(content.action) ?? string(content.type) ?? 'note'],
    ['status', string(content.status) ?? 'ok'],
  ]);
  const { action: _action, type: _type, status: _status, ...others } = content;
  return `<system_response${open}>${escaped(JSON.stringify(content.result ?? others))}</system_response>`;
}

function string(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2) ?? 'null';
}

function time(ms: number, zone: string): string {
  return new Date(ms).toLocaleString('en-US', { dateStyle: 'medium', timeStyle: 'short', timeZone: zone });
}
