/**
 * What an agent said in answer to one message, as text: for `ask`, and for what `chat` has not shown yet.
 *
 * Edits are applied to the texts they name, so that `ask` shows the last word and not its history.
 */
import type { FileView, LogBody, LogEntry } from '@bellhop/host/api';
import { oneLine, sizeOf } from './text.ts';

type Clean = (text: string) => string;

export function fileLine(file: FileView): string {
  return `${oneLine(file.name)} (${sizeOf(file.size)})  ${oneLine(file.path)}`;
}

export function questionLines(body: Extract<LogBody, { kind: 'question' }>, clean: Clean): string[] {
  const head = [body.title, body.text].filter((line) => line !== '').map(clean);
  return [...head, ...body.options.map((option, i) => `  ${i + 1}. ${oneLine(option.label)}`)];
}

/** One block per thing said, in order; the caller joins them. */
export function replyBlocks(replies: readonly LogEntry[], clean: Clean): string[] {
  return withEdits(replies).flatMap((entry) => block(entry.body, clean));
}

function block(body: LogBody, clean: Clean): string[] {
  switch (body.kind) {
    case 'text': {
      const lines = body.text === '' ? [] : [clean(body.text)];
      return [[...lines, ...body.files.map(fileLine)].join('\n')];
    }
    case 'question':
      return [questionLines(body, clean).join('\n')];
    case 'notice':
      return [clean(body.text)];
    case 'reaction':
      return [`reaction: ${oneLine(body.emoji)}`];
    case 'edit':
      return [`edited: ${clean(body.text)}`];
    case 'user':
      return [];
  }
}

/** The words alone, joined by blank lines; notices only when nothing else was said. For machines: nothing is cleaned. */
export function replyText(replies: readonly LogEntry[]): string {
  const bodies = withEdits(replies).map((entry) => entry.body);
  const said = bodies.flatMap((body) => {
    if (body.kind === 'text' || body.kind === 'edit') return [body.text];
    return body.kind === 'question' ? [questionLines(body, (text) => text).join('\n')] : [];
  });
  const notices = bodies.flatMap((body) => (body.kind === 'notice' ? [body.text] : []));
  return (said.length > 0 ? said : notices).filter((text) => text !== '').join('\n\n');
}

export function replyFiles(replies: readonly LogEntry[]): FileView[] {
  return replies.flatMap(({ body }) => (body.kind === 'text' ? [...body.files] : []));
}

function withEdits(replies: readonly LogEntry[]): LogEntry[] {
  const shown: LogEntry[] = [];
  for (const entry of replies) {
    const { body } = entry;
    const at = body.kind === 'edit' ? shown.findIndex((other) => other.id === body.target) : -1;
    const target = shown[at];
    if (body.kind === 'edit' && target?.body.kind === 'text') {
      shown[at] = { ...target, body: { ...target.body, text: body.text } };
    } else {
      shown.push(entry);
    }
  }
  return shown;
}
