/**
 * Text as it is written, for people to watch: what would be sent to the chat, without tags and inner thoughts. It may
 * show a scratchpad that is not sent in the end; what counts is the message.
 */
import { HERE } from '../../harness.ts';
import { segments } from './output.ts';

/** A tag that is still being written is held back up to this length. */
const MAX_TAG = 200;

export class LiveText {
  #text = '';
  #shown = '';

  /** What to show now; often nothing. */
  add(delta: string): string {
    this.#text += delta;
    const visible = this.#text.includes('<') ? visibleIn(settled(this.#text)) : this.#text;
    if (!visible.startsWith(this.#shown)) return '';
    const fresh = visible.slice(this.#shown.length);
    this.#shown = visible;
    return fresh;
  }
}

function visibleIn(text: string): string {
  return segments(text)
    .map((part) => (part.kind === 'text' || part.to === HERE ? part.text : ''))
    .join('');
}

/** Without a tag that may have begun at the end. */
function settled(text: string): string {
  const open = text.lastIndexOf('<');
  const isOpen = open >= 0 && text.length - open < MAX_TAG && !text.includes('>', open);
  return isOpen ? text.slice(0, open) : text;
}
