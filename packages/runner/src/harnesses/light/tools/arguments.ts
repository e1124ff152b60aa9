/**
 * The arguments of a tool's call, taken as they are meant: models write null or nothing for what they leave out, "20" for a
 * number, one word for a list of one, a list as its JSON. Read by the tool's own schema; what does not fit even then is told
 * in words that the model can act on.
 */
import { z } from 'zod';
import { headOf } from '../text.ts';

/** Of JSON Schema, as much as our tools use. */
interface Shape {
  readonly type?: unknown;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly items?: Shape;
}

const MAX_WORDS = 1_000;
const NUMBER = /^[+-]?\d+(\.\d+)?$/;

/** Throws an error for the model to read. */
export function takeArguments(schema: z.ZodType, input: Readonly<Record<string, unknown>>): unknown {
  const shape = z.toJSONSchema(schema, { io: 'input' }) as Shape;
  const taken = schema.safeParse(meant(input, shape));
  if (taken.success) return taken.data;
  throw new Error(`these arguments do not fit:\n${headOf(z.prettifyError(taken.error), MAX_WORDS)}`);
}

function meant(value: unknown, shape: Shape): unknown {
  switch (shape.type) {
    case 'object':
      return isRecord(value) ? withParts(value, shape) : parsed(value, isRecord);
    case 'array': {
      const list = Array.isArray(value) ? value : parsed(value, Array.isArray);
      return (Array.isArray(list) ? list : [list]).map((item) => meant(item, shape.items ?? {}));
    }
    case 'number':
    case 'integer':
      return typeof value === 'string' && NUMBER.test(value.trim()) ? Number(value) : value;
    case 'boolean':
      return typeof value === 'string' && /^(true|false)$/i.test(value) ? /^true$/i.test(value) : value;
    case 'string':
      return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
    default:
      return value;
  }
}

function withParts(
  value: Readonly<Record<string, unknown>>,
  { properties = {}, required = [] }: Shape,
): object {
  const given = Object.entries(value).filter(
    ([name, part]) => required.includes(name) || !(part === null || part === undefined || part === ''),
  );
  return Object.fromEntries(given.map(([name, part]) => [name, meant(part, properties[name] ?? {})]));
}

/** The JSON that the text holds, if it is of that kind. */
function parsed(value: unknown, isKind: (value: unknown) => boolean): unknown {
  if (typeof value !== 'string') return value;
  try {
    const found: unknown = JSON.parse(value);
    return isKind(found) ? found : value;
  } catch (notJson) {
    if (notJson instanceof SyntaxError) return value;
    throw notJson;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
