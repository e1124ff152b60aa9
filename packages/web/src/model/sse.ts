/**
 * A parser for text/event-stream, fed with text as it arrives; a chunk may end anywhere. EventSource is not used because
 * it tells no status (a 401 looks like a broken cable) and decides itself when to try again.
 */
/** More than the largest entry that the host sends. */
const MAX_HELD = 16 * 1024 * 1024;

export class SseParser {
  #held = '';
  #data: string[] = [];

  /** The `data` of every event that is complete. Throws when one is too large to be ours. */
  push(text: string): string[] {
    const lines = (this.#held + text).split('\n');
    this.#held = lines.pop() ?? '';
    if (this.#held.length > MAX_HELD) throw new Error('an event of the host is larger than 16 MiB');
    return lines.flatMap((line) => this.#line(line.replace(/\r$/, '')));
  }

  #line(line: string): string[] {
    if (line.startsWith('data:')) this.#data.push(line.slice(line[5] === ' ' ? 6 : 5));
    if (line !== '' || this.#data.length === 0) return [];
    const data = this.#data.join('\n');
    this.#data = [];
    return [data];
  }
}
