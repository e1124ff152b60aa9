/**
 * An error where an answer was expected: under a status of success, or in the middle of a stream. Servers have many shapes
 * for it; what is found is thrown, to be judged as any other (errors.ts).
 */
import { type Json, objectOf, objectsOf, textOf } from './dialect.ts';

export class ErrorInAnswer extends Error {
  override readonly name = 'ErrorInAnswer';
  readonly type: string | null;
  readonly code: string | number | null;
  readonly statusCode: number | null;
  constructor(message: string, fields: { type: unknown; code: unknown; status: unknown }) {
    super(message);
    const { type, code, status } = fields;
    this.type = textOf(type) || textOf(status) || null;
    this.code = typeof code === 'number' ? code : textOf(code) || null;
    // Some say under 200 what the status would have been.
    this.statusCode = [code, status].map(Number).find((n) => n >= 400 && n < 600) ?? null;
  }
}

/** The fields under which an answer stands, in any protocol: with one of them it is no error, whatever else is there. */
const ANSWERS: readonly string[] = [
  'choices',
  'candidates',
  'content',
  'output',
  'response',
  'delta',
  'message_id',
];

/** Null: it is no error. */
export function errorIn(body: Json): ErrorInAnswer | null {
  const choice = objectsOf(body.choices)[0];
  const named = body.error ?? choice?.error;
  if (isThere(named)) return toError(named, body);
  const listed = objectsOf(body.errors)[0];
  if (listed) return toError(listed, body);
  const base = objectOf(body.base_resp);
  if (base && Number(base.status_code) !== 0) {
    return new ErrorInAnswer(textOf(base.status_msg), { type: null, code: base.status_code, status: null });
  }
  if (ANSWERS.some((name) => name in body)) return null;
  const words = [body.message, body.msg, body.detail, body.error_msg].map(textOf).find((text) => text !== '');
  const isError = body.object === 'error' || body.type === 'error' || body.success === false;
  return words !== undefined &&
    (isError || isThere(body.code) || isThere(body.error_code) || 'detail' in body)
    ? toError(body, body)
    : null;
}

function toError(error: unknown, outer: Json): ErrorInAnswer {
  const inner = objectOf(error);
  if (!inner)
    return new ErrorInAnswer(String(error), {
      type: outer.error_type,
      code: outer.code,
      status: outer.status,
    });
  const message = [inner.message, inner.msg, inner.detail, inner.error_msg]
    .map(textOf)
    .find((text) => text !== '');
  const code = inner.code ?? inner.error_code ?? outer.code;
  return new ErrorInAnswer(message ?? JSON.stringify(inner), {
    type: inner.type,
    code,
    status: inner.status ?? outer.status,
  });
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '' && value !== false && value !== 0;
}
