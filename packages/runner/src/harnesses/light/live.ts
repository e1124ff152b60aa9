/**
 * Text as it is written, for people to watch: what would be sent to the chat, without tags and inner thoughts. It may
 * show a scratchpad that is not sent in the end; what counts is the message.
 */
import { endsInHalf } from '@bellhop/mailbox';
import { HERE } from '../../harness.ts';
import { segments } from './output.ts';
import { withoutThoughts } from './thoughts.ts';

/** A tag that is still being written is held back up to this length. */
const MAX_TAG = 200;

export class LiveText {
  readonly #thinksAloud: boolean;
  #text = '';
  #shown = '';
  #isAnew = false;

  /** @param thinksAloud nothing is shown before a thought has ended, as far as one is to be expected. */
  constructor(thinksAloud = false) {
    this.#thinksAloud = thinksAloud;
  }

  /** Whether what came last stands in place of all that was shown before: that was a thought, or read as something else. */
  get isAnew(): boolean {
    return this.#isAnew;
  }

  /** What to show now; often nothing. */
  add(delta: string): string {
    this.#text += delta;
    this.#isAnew = false;
    const whole = settled(this.#text);
    const { text, isOrphan } = withoutThoughts(whole);
    if (this.#thinksAloud && !isOrphan) return '';
    const visible = text.includes('<') ? visibleIn(text) : text;
    if (!visible.startsWith(this.#shown)) {
      // A white space at the end that may yet stay.
      if (!isOrphan && this.#shown.startsWith(visible)) return '';
      this.#isAnew = true;
      this.#shown = '';
    }
    const fresh = visible.slice(this.#shown.length);
    this.#shown = visible;
    return fresh.toWellFormed();
  }
}

function visibleIn(text: string): string {
  return segments(text)
    .map((part) => (part.kind === 'text' || part.to === HERE ? part.text : ''))
    .join('');
}

/** Without half a character at the end, and without a tag that may have begun there. */
function settled(text: string): string {
  const whole = endsInHalf(text) ? text.slice(0, -1) : text;
  const open = whole.lastIndexOf('<');
  const isOpen = open >= 0 && whole.length - open < MAX_TAG && !whole.includes('>', open);
  return isOpen ? whole.slice(0, open) : whole;
}
