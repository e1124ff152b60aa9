/**
 * Text from outside, made safe and shown in lines: agents, files and logs may carry terminal escape sequences, which
 * could retitle the window, rewrite what was printed before, or type for the user.
 *
 * A control character becomes its visible picture (ESC is shown as ␛), so that nothing is hidden and nothing acts.
 */

/** C0 but \n and \t, DEL, and C1 (0x9b is a one-byte CSI in some terminals). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what this is about
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what this is about
const CONTROL_OR_BREAK = /[\u0000-\u001f\u007f-\u009f]/g;

export function neutralise(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(CONTROL, picture);
}

/** For a name, a reason, a label: something that must not break out of its line either. */
export function oneLine(text: string): string {
  return text.replace(CONTROL_OR_BREAK, picture);
}

function picture(control: string): string {
  const code = control.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return code === 0x7f ? '␡' : '�';
}

/** Decimal units, as file managers show them. */
export function sizeOf(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

const MS_PER_MINUTE = 60_000;

/** `2026-03-01 13:00:00`, in the zone of this terminal. By hand: to load Intl takes longer than the whole command does. */
export function localTime(iso: string): string {
  const at = new Date(iso);
  const shifted = new Date(at.getTime() - at.getTimezoneOffset() * MS_PER_MINUTE);
  return shifted.toISOString().slice(0, 'YYYY-MM-DDTHH:MM:SS'.length).replace('T', ' ');
}

/** Text from its bytes; null when they are not UTF-8. */
export function utf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** Lines of a stream of bytes, cut at \n before anything is decoded; the last one may lack its \n. */
export async function* linesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      yield Buffer.concat([...held, chunk.subarray(start, end)]);
      held = [];
      start = end + 1;
    }
    if (start < chunk.length) held.push(chunk.subarray(start));
  }
  if (held.length > 0) yield Buffer.concat(held);
}
