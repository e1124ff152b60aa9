/**
 * OpenAI's Chat API tells what a stream used only when it is asked to. What a sandbox sends is asked that way, whether
 * its client thought of it or not: a call that is not metered would be a call without a price.
 *
 * What goes out is what was read here, written anew: a body that another reader could read otherwise (a name twice)
 * does not pass as it came.
 */

/** Null: not a JSON object in UTF-8. Everything but `stream_options.include_usage` stays as it is. */
export function askForUsage(body: Buffer): Buffer | null {
  const read = parse(body);
  if (typeof read !== 'object' || read === null || Array.isArray(read)) return null;
  const asked = read as Readonly<Record<string, unknown>>;
  const options = typeof asked.stream_options === 'object' ? asked.stream_options : {};
  const metered =
    asked.stream === true ? { ...asked, stream_options: { ...options, include_usage: true } } : asked;
  return Buffer.from(JSON.stringify(metered));
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}
