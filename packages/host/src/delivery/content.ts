/**
 * What an outbound row may say, read from hostile JSON (nanoclaw-formats C.3).
 *
 * What the host keeps of it, as JSON in `deliveries.content`, is what a channel is given (`OutgoingContent`): attempts,
 * receipts and people see that copy from here on; the row is not read again (M13).
 */
import * as v from 'valibot';

const MAX_TEXT = 200_000;
const MAX_FILES = 10;
const MAX_OPTIONS = 20;

const upTo = (max: number) => v.pipe(v.string(), v.maxLength(max));
const some = (max: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(max));
const text = upTo(MAX_TEXT);
const id = some(300);
const files = v.optional(v.pipe(v.array(some(255)), v.maxLength(MAX_FILES)), []);

const chat = v.union([
  v.object({ operation: v.literal('edit'), messageId: id, text }),
  v.object({ operation: v.literal('reaction'), messageId: id, emoji: some(64) }),
  v.object({ text, files, operation: v.optional(v.undefined()) }),
]);

const question = v.object({
  type: v.literal('ask_question'),
  questionId: id,
  title: upTo(300),
  question: upTo(4_000),
  options: v.pipe(
    v.array(v.object({ label: some(200), value: upTo(200) })),
    v.minLength(1),
    v.maxLength(MAX_OPTIONS),
  ),
});

const scheduleTask = v.object({
  action: v.literal('schedule_task'),
  taskId: id,
  prompt: some(20_000),
  processAfter: v.pipe(v.string(), v.isoTimestamp()),
  recurrence: v.optional(v.nullable(upTo(200)), null),
});

const cancelTask = v.object({ action: v.literal('cancel_task'), taskId: id });

export type OutboundContent =
  | v.InferOutput<typeof chat>
  | v.InferOutput<typeof question>
  | v.InferOutput<typeof scheduleTask>
  | v.InferOutput<typeof cancelTask>;

const SCHEMAS = {
  chat,
  'chat-sdk': question,
  system: v.union([scheduleTask, cancelTask]),
} as const;

/** Half a character, which a platform may refuse for ever, is none. */
function wholeCharacters(_name: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed() : value;
}

/** Null for anything that is not exactly one of the known shapes. */
export function parseContent(kind: string, json: string): OutboundContent | null {
  const schema = Object.hasOwn(SCHEMAS, kind) ? SCHEMAS[kind as keyof typeof SCHEMAS] : null;
  if (!schema) return null;
  try {
    const parsed = v.safeParse(schema, JSON.parse(json, wholeCharacters));
    return parsed.success ? parsed.output : null;
  } catch (notJson) {
    if (notJson instanceof SyntaxError) return null;
    throw notJson;
  }
}
