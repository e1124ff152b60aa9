/**
 * What differs from provider to provider when a server deviates from the schema: each file beside this one mends the words
 * of one protocol, so that the client library, which takes its schema to the letter, understands them. Text that came is an
 * answer; what is an error is thrown as one (errors-in.ts), not taken for the end of a connection.
 */

export type Json = Readonly<Record<string, unknown>>;

/** One answer being read. */
export interface Dialect {
  /** One event of the stream, as the client knows it; none where there is nothing in it to know. */
  event(event: Json): readonly Json[];
  /** A whole answer that came in place of a stream, as the events of one. */
  whole(answer: Json): readonly Json[];
  /** The stream has ended in order: what is missing in it. `isMarked`: it said that it was over. */
  end(isMarked: boolean): readonly Json[];
}

export function objectOf(value: unknown): Json | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null;
}

/** What is an object of a list; a lone object is a list of one. */
export function objectsOf(value: unknown): readonly Json[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  return items.map(objectOf).filter((item) => item !== null);
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Arguments as the JSON text that the protocols have for them, whether they came as that or as what it says. */
export function jsonOf(value: unknown): string {
  return typeof value === 'string'
    ? value
    : value === undefined || value === null
      ? ''
      : JSON.stringify(value);
}
