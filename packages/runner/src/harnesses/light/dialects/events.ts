/**
 * Server-sent events, read from bytes: the data of each as one text, at a cost that grows with the bytes alone. A line ends
 * in any of the three ways, a chunk anywhere; comments and names are left out. An event that the end of the stream cuts
 * off is given too: what it holds tells whether it was whole.
 */

import { Unreadable } from '../unreadable.ts';

/** Of one event, in characters: more is no word of a model. */
const MAX_EVENT = 16 * 1024 * 1024;

export class EventReader {
  readonly #decoder = new TextDecoder();
  /** Of the line that has not ended yet. */
  #begun: string[] = [];
  /** Of the event that has not ended yet. */
  #data: string[] = [];
  #size = 0;

  push(chunk: Uint8Array): string[] {
    return this.#read(this.#decoder.decode(chunk, { stream: true }));
  }

  /** What is left when the stream has ended. */
  end(): string[] {
    return this.#read(`${this.#decoder.decode()}\n\n`);
  }

  #read(text: string): string[] {
    this.#size += text.length;
    const [first = '', ...others] = text.split('\n');
    this.#begun.push(first);
    const events: string[] = [];
    for (const next of others) {
      const line = this.#begun.join('').replace(/\r$/, '');
      this.#begun = [next];
      for (const part of line.split('\r')) events.push(...this.#line(part));
    }
    if (this.#size > MAX_EVENT) throw new Unreadable('an event of the stream is too long');
    return events;
  }

  #line(line: string): string[] {
    if (line.startsWith('data:')) this.#data.push(line.slice(line[5] === ' ' ? 6 : 5));
    if (line !== '') return [];
    const data = this.#data.join('\n');
    this.#data = [];
    this.#size = 0;
    return data === '' ? [] : [data];
  }
}
