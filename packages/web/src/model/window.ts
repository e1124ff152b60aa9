/**
 * Which rows of a long list to render: those near what is seen. Pure arithmetic over heights; a row that was never
 * measured counts as an estimate, and the list corrects itself by its anchor when it is (ui/viewport.ts).
 */
export interface Window {
  readonly first: number;
  /** One behind the last. */
  readonly end: number;
  readonly above: number;
  readonly below: number;
}

/** Beside what is seen, so that a flick shows no blank. */
const MARGIN_PX = 800;

export function windowAt(heights: readonly number[], top: number, viewHeight: number): Window {
  const from = top - MARGIN_PX;
  const to = top + viewHeight + MARGIN_PX;
  let y = 0;
  let first = heights.length;
  let end = heights.length;
  let above = 0;
  let shownBottom = 0;
  for (const [index, height] of heights.entries()) {
    if (first === heights.length && y + height > from) {
      first = index;
      above = y;
    }
    if (y < to) shownBottom = y + height;
    else if (end === heights.length) end = index;
    y += height;
  }
  if (first === heights.length) return { first, end: first, above: y, below: 0 };
  return { first, end, above, below: y - shownBottom };
}

export function offsetOf(heights: readonly number[], index: number): number {
  let y = 0;
  for (let at = 0; at < index; at += 1) y += heights[at] ?? 0;
  return y;
}

/** The row at a height of the list; the last one when it lies below. */
export function rowAt(heights: readonly number[], top: number): number {
  let y = 0;
  for (const [index, height] of heights.entries()) {
    y += height;
    if (y > top) return index;
  }
  return Math.max(0, heights.length - 1);
}
