/**
 * A parser for text/event-stream, fed with chunks as they come off a socket.
 *
 * A chunk may end anywhere: inside a multi-byte character, between \r and \n, in mid-line. One decoder lives as long as
 * the stream for that reason. Held text is bounded; what is larger is refused rather than kept.
 */

const MAX_HELD = 16 * 1024 * 1024;

export interface ServerSentEvent {
  readonly data: string;
  /** The stream's last id up to and including this event; '' when none was seen. */
  readonly id: string;
}

export class SseParser {
  readonly #decoder = new TextDecoder('utf-8');
  #held = '';
  #data: string[] = [];
  #dataLength = 0;
  #id = '';

  /** The last id seen, also one that came without data. */
  get lastId(): string {
    return this.#id;
  }

  push(chunk: Uint8Array): ServerSentEvent[] {
    this.#held += this.#decoder.decode(chunk, { stream: true });
    const events: ServerSentEvent[] = [];
    let start = 0;
    for (;;) {
      const end = this.#held.indexOf('\n', start);
      if (end < 0) break;
      const line = this.#held.slice(start, this.#held[end - 1] === '\r' && end > start ? end - 1 : end);
      start = end + 1;
      const event = this.#line(line);
      if (event) events.push(event);
    }
    this.#held = this.#held.slice(start);
    if (this.#held.length + this.#dataLength > MAX_HELD)
      throw new Error('an event of the host is larger than 16 MiB');
    return events;
  }

  #line(line: string): ServerSentEvent | null {
    if (line === '') {
      const data = this.#data;
      this.#data = [];
      this.#dataLength = 0;
      return data.length > 0 ? { data: data.join('\n'), id: this.#id } : null;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'id') this.#id = value;
    if (field === 'data') {
      this.#data.push(value);
      this.#dataLength += value.length;
    }
    return null;
  }
}
