/** From mailbox rows to what a harness reads. Contents are JSON by kind (nanoclaw-formats C.4); a broken one is text. */
import { join } from 'node:path';
import type { InboundRow } from '@bellhop/mailbox';
import type { TurnFile, TurnMessage, TurnReply } from './harness.ts';

type Json = { readonly [key: string]: unknown };

export function toTurnMessage(row: InboundRow, inDir: string): TurnMessage {
  const content = parseObject(row.content);
  const answer =
    content.type === 'question_response'
      ? { question: String(content.questionId), option: String(content.selectedOption) }
      : null;
  return {
    seq: row.seq,
    kind: row.kind,
    sender: senderOf(content),
    timeMs: row.kind === 'task' && row.dueMs > 0 ? row.dueMs : timeOf(row.timestamp),
    text: string(content.text) ?? string(content.prompt) ?? '',
    replyTo: replyOf(content.replyTo),
    content,
    files: Array.isArray(content.attachments) ? content.attachments.map((a: Json) => toFile(a, inDir)) : [],
    attempt: row.attempt,
    answer,
  };
}

function senderOf(content: Json): string {
  const author = isObject(content.author) ? content.author : {};
  const names = [content.sender, content.senderName, author.fullName, author.userName];
  return names.map(string).find((name) => name !== null && name !== '') ?? 'Unknown';
}

function replyOf(value: unknown): TurnReply | null {
  if (!isObject(value)) return null;
  const id = typeof value.id === 'number' ? String(value.id) : string(value.id);
  return { id, sender: string(value.sender), text: string(value.text) };
}

/** Times are ISO 8601 with a zone; an old row without one is UTC (M5). */
function timeOf(timestamp: string): number {
  const hasZone = /(Z|[+-]\d\d:?\d\d)$/.test(timestamp);
  const ms = Date.parse(hasZone ? timestamp : `${timestamp.replace(' ', 'T')}Z`);
  return Number.isNaN(ms) ? 0 : ms;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null;
}

function toFile(attachment: Json, inDir: string): TurnFile {
  const local = string(attachment.localPath);
  return {
    name: string(attachment.name) ?? string(attachment.filename) ?? 'attachment',
    type: string(attachment.type) ?? 'file',
    mimeType: string(attachment.mimeType),
    size: sizeOf(attachment.size),
    path: local === null ? null : join(inDir, local),
    problem: string(attachment.problem),
  };
}

/** A hint of a platform's; whoever reads the file counts its bytes. */
function sizeOf(value: unknown): number {
  return Number.isSafeInteger(value) ? Math.max(0, value as number) : 0;
}

function string(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function parseObject(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : { text };
  } catch (notJson) {
    // Rows written by hand may hold bare text; the agent should still see it.
    return notJson instanceof SyntaxError ? { text } : {};
  }
}
