/** From mailbox rows to what a harness reads. Contents are JSON by kind (nanoclaw-formats C.4); a broken one is text. */
import { join } from 'node:path';
import type { InboundRow } from '@bellhop/mailbox';
import type { TurnFile, TurnMessage } from './harness.ts';

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
    sender: string(content.sender) ?? 'Unknown',
    text: string(content.text) ?? string(content.prompt) ?? '',
    files: Array.isArray(content.attachments) ? content.attachments.map((a: Json) => toFile(a, inDir)) : [],
    attempt: row.attempt,
    answer,
  };
}

function toFile(attachment: Json, inDir: string): TurnFile {
  const local = string(attachment.localPath);
  return {
    name: string(attachment.name) ?? 'attachment',
    size: Number(attachment.size ?? 0),
    path: local === null ? null : join(inDir, local),
    problem: string(attachment.problem),
  };
}

function string(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function parseObject(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Json) : { text };
  } catch (notJson) {
    // Rows written by hand may hold bare text; the agent should still see it.
    return notJson instanceof SyntaxError ? { text } : {};
  }
}
