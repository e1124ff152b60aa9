/** How one provider's API reads and speaks: the server does the rest. */
import type { Answer, FailureName, ModelRequest } from './script.ts';
import type { StrictMessage } from './strict.ts';

export type Body = Readonly<Record<string, unknown>>;

export interface Failure {
  readonly status: number;
  readonly body: object;
}

export interface Protocol {
  readonly name: ModelRequest['protocol'];
  /** How the request's path ends; it may name the model and say that it is a stream. */
  readonly path: RegExp;
  readonly failures: Readonly<Record<FailureName, Failure>>;
  read(body: Body): Pick<ModelRequest, 'system' | 'turns' | 'tools'>;
  /** Why this conversation cannot be taken; null when it can. Some say it of every conversation, */
  refusal?(body: Body): Failure | null;
  /** this of one in strict mode: the messages in the words of strict.ts. */
  strictly(body: Body): readonly StrictMessage[];
  whole(answer: Answer, model: string): object;
  /** Server-sent events, up to where the answer breaks if it does. */
  events(answer: Answer, model: string, wantsUsage: boolean): readonly string[];
}

export function event(data: object, name?: string): string {
  return `${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`;
}

export function objects(value: unknown): Body[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'object' && item !== null) : [];
}

/** Of a content that is a string, or parts with a text. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return objects(content)
    .map((part) => (typeof part.text === 'string' ? part.text : ''))
    .filter((text) => text !== '')
    .join('\n');
}

/** Each text by itself, blank ones too: a content that is a string is one. */
export function textsOf(content: unknown): string[] {
  if (typeof content === 'string') return [content];
  return objects(content).flatMap(({ text }) => (typeof text === 'string' ? [text] : []));
}

export function countOf(content: unknown, ...types: string[]): number {
  return objects(content).filter((part) => types.includes(String(part.type))).length;
}
