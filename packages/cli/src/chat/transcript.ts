/**
 * The conversation as it is printed: events in, text out. Pure but for its memory of what was shown.
 *
 * - An entry is shown once, however often it comes (a reconnect, the state of a message): known by its seq.
 * - Live text is shown as it comes, on a terminal only; the entry that ends it adds only what is missing. An entry
 *   that matches only the beginning of the live text was split off by the host: the rest waits for the next piece.
 * - Everything from outside is neutralised on a terminal.
 */
import type { LogBody, LogEntry, MessageState, StreamEvent, TurnView } from '@bellhop/host/api';
import { fileLine, questionLines } from '../reply.ts';
import type { Style } from '../style.ts';
import { neutralise, oneLine } from '../text.ts';
import type { OpenQuestion } from './input.ts';

export class Transcript {
  readonly #tty: boolean;
  readonly #style: Style;
  /** Ids of messages sent from here: already on the screen, as they were typed. */
  readonly #own: ReadonlySet<string>;
  readonly #since: number;
  readonly #shown = new Set<number>();
  readonly #receipts = new Map<string, string>();
  /** Live text that no entry has confirmed yet. */
  #live: { readonly turn: string; readonly text: string } | null = null;
  #toolsShown = { turn: '', n: 0 };
  #midLine = false;
  #open: OpenQuestion | null = null;

  /** @param since milliseconds; what is older is history, which the host tells first and nobody asked for here. */
  constructor(tty: boolean, style: Style, own: ReadonlySet<string>, since: number) {
    this.#since = since;
    this.#tty = tty;
    this.#style = style;
    this.#own = own;
  }

  /** The last question that can still be answered by its number. */
  get openQuestion(): OpenQuestion | null {
    return this.#open;
  }

  /** True while the last line printed is live text that goes on. */
  get midLine(): boolean {
    return this.#midLine;
  }

  answered(): void {
    this.#open = null;
  }

  event(event: StreamEvent): string {
    if (event.type === 'entry') return this.#entry(event);
    if (event.type === 'receipt') return this.#receipt(event.message, event.state, event.reason);
    if (event.type === 'answered') return this.#answeredBy(event.question, event.option);
    if (event.type === 'ledger') return this.#tools(event.turn);
    return event.type === 'live' ? this.#liveText(event.turn, event.text, event.whole === true) : '';
  }

  /** What the events did not bring: replies of a settled message, and its receipt. */
  settled(state: MessageState): string {
    const missing = state.replies.map((entry) => this.#entry(entry)).join('');
    return missing + this.#receipt(state.message, state.state, state.reason);
  }

  #entry(entry: LogEntry): string {
    if (this.#shown.has(entry.seq)) return '';
    this.#shown.add(entry.seq);
    // Both clocks are this machine's: the API is a Unix socket.
    if (Date.parse(entry.at) < this.#since) return '';
    const { body } = entry;
    switch (body.kind) {
      case 'user':
        return this.#own.has(entry.id) || !this.#tty
          ? ''
          : this.#line(this.#style.dim(`you: ${this.#clean(body.text)}`));
      case 'text':
        return this.#text(body.text) + body.files.map((file) => this.#line(fileLine(file))).join('');
      case 'edit':
        return this.#line(`edited: ${this.#clean(body.text)}`);
      case 'reaction':
        return this.#line(`reaction: ${oneLine(body.emoji)}`);
      case 'notice':
        return this.#line(this.#style.gold(this.#clean(body.text)));
      case 'question':
        this.#open = {
          question: body.question,
          options: body.options,
          sha256: body.approval?.sha256 ?? null,
        };
        return this.#line(this.#question(body));
    }
  }

  /** Bellhop's own stands out: no agent can print in its colour. */
  #question(body: Extract<LogBody, { kind: 'question' }>): string {
    const lines = questionLines(body, (text) => this.#clean(text)).join('\n');
    return body.approval ? this.#style.gold(lines) : lines;
  }

  /** Answered here or elsewhere: its numbers are text again. */
  #answeredBy(question: string, option: string): string {
    if (this.#open?.question !== question) return '';
    const { options } = this.#open;
    this.#open = null;
    return this.#line(
      this.#style.dim(`· ${oneLine(options.find((o) => o.value === option)?.label ?? option)}`),
    );
  }

  #text(text: string): string {
    const live = this.#live;
    if (live && text.startsWith(live.text)) {
      this.#live = null;
      const rest = text.slice(live.text.length);
      const ended = rest === '' && !this.#midLine;
      this.#midLine = false;
      return ended ? '' : `${this.#clean(rest)}\n`;
    }
    if (live?.text.startsWith(text)) {
      const rest = live.text.slice(text.length).trimStart();
      this.#live = rest === '' ? null : { turn: live.turn, text: rest };
      return rest === '' ? this.#endLine() : '';
    }
    return text === '' ? '' : this.#line(this.#clean(text));
  }

  /**
   * @param whole all of the turn's text so far, as after a reconnect: only what is new of it is shown. What is another text
   *   begins a line of its own: what was printed stays.
   */
  #liveText(turn: string, text: string, whole: boolean): string {
    if (!this.#tty) return '';
    const before = this.#live?.turn === turn ? this.#live.text : '';
    const goesOn = before !== '' && (!whole || text.startsWith(before));
    const piece = whole && goesOn ? text.slice(before.length) : text;
    const broken = goesOn ? '' : this.#endLine();
    this.#live = { turn, text: (goesOn ? before : '') + piece };
    if (piece !== '') this.#midLine = !piece.endsWith('\n');
    return broken + this.#clean(piece);
  }

  #receipt(message: string, state: MessageState['state'], reason: string | null): string {
    const words = reason === null ? state : `${state}: ${oneLine(reason)}`;
    if (!this.#own.has(message) || this.#receipts.get(message) === words) return '';
    this.#receipts.set(message, words);
    if (state === 'failed') this.#live = null;
    if (state === 'failed') return this.#line(this.#style.red(words));
    return this.#tty && state !== 'answered' ? this.#line(this.#style.dim(`· ${words}`)) : '';
  }

  /** Each tool of the turn, once, as it begins. */
  #tools(turn: TurnView | null): string {
    if (!this.#tty || !turn) return '';
    const known = this.#toolsShown.turn === turn.turn ? this.#toolsShown.n : 0;
    const fresh = turn.tools.filter(({ n }) => n > known);
    this.#toolsShown = { turn: turn.turn, n: fresh.at(-1)?.n ?? known };
    return fresh
      .map(({ name, detail }) => this.#line(this.#style.dim(`· ${oneLine(`${name} ${detail}`).trim()}`)))
      .join('');
  }

  /** A line of its own; live text that it interrupts goes on below it. */
  #line(text: string): string {
    return `${this.#endLine()}${text}\n`;
  }

  #endLine(): string {
    const end = this.#midLine ? '\n' : '';
    this.#midLine = false;
    return end;
  }

  #clean(text: string): string {
    return this.#tty ? neutralise(text) : text;
  }
}
