/**
 * Where the reader is in a long list, and how to keep them there while rows above them change their height.
 *
 * Either the reader is at the bottom, and stays there; or they look at a row (the anchor), and that row stays where it
 * is on the screen. Holds measured heights by row key. Touches one element: the scroller that it is given.
 */
import { offsetOf, rowAt, type Window, windowAt } from '../model/window.ts';

/** As near to the end as this counts as the end. */
const BOTTOM_PX = 32;
const FIRST_GUESS_PX = 72;

export interface Viewport {
  atBottom: boolean;
  /** Which rows to render now. */
  window(keys: readonly string[]): Window;
  /** Takes over what was rendered; true when a height was another than known, so that the window may be wrong. */
  measure(rows: Iterable<HTMLElement>): boolean;
  /** Puts the reader back where they were. */
  restore(): void;
  /** The reader has scrolled. */
  onScroll(): void;
}

export function createViewport(scroller: () => HTMLElement | null): Viewport {
  const heights = new Map<string, number>();
  let keys: readonly string[] = [];
  let list: readonly number[] = [];
  /** What is at the top, and the row after it: a day's name vanishes when older messages of that day are loaded. */
  let anchors: readonly { readonly key: string; readonly offset: number }[] = [];
  /** Where we put the scroller ourselves: the event that follows is not the reader's. */
  let ours = -1;

  const update = (next: readonly string[]): void => {
    keys = next;
    list = next.map((key) => heights.get(key) ?? FIRST_GUESS_PX);
  };
  const wantedTop = (): number => {
    const total = offsetOf(list, list.length);
    if (viewport.atBottom) return Math.max(0, total - (scroller()?.clientHeight ?? 0));
    for (const { key, offset } of anchors) {
      const index = keys.indexOf(key);
      if (index >= 0) return offsetOf(list, index) + offset;
    }
    return scroller()?.scrollTop ?? 0;
  };
  const viewport: Viewport = {
    atBottom: true,
    window(next) {
      update(next);
      return windowAt(list, wantedTop(), scroller()?.clientHeight ?? 0);
    },
    measure(rows) {
      let changed = false;
      for (const row of rows) {
        const { key } = row.dataset;
        const height = row.getBoundingClientRect().height;
        if (key === undefined || Math.abs((heights.get(key) ?? 0) - height) < 0.5) continue;
        heights.set(key, height);
        changed = true;
      }
      if (changed) update(keys);
      return changed;
    },
    restore() {
      const element = scroller();
      if (!element) return;
      const top = viewport.atBottom ? element.scrollHeight - element.clientHeight : wantedTop();
      if (Math.abs(element.scrollTop - top) < 1) return;
      element.scrollTop = top;
      ours = element.scrollTop;
    },
    onScroll() {
      const element = scroller();
      if (!element) return;
      const { scrollTop, clientHeight, scrollHeight } = element;
      if (Math.abs(scrollTop - ours) < 1) {
        ours = -1;
        if (viewport.atBottom) return;
      }
      viewport.atBottom = scrollHeight - scrollTop - clientHeight < BOTTOM_PX;
      const index = rowAt(list, scrollTop);
      anchors = [index, index + 1].map((at) => ({
        key: keys[at] ?? '',
        offset: scrollTop - offsetOf(list, at),
      }));
    },
  };
  return viewport;
}
