/**
 * The messages: only those near the view are in the document. Older ones are asked for as the reader comes near the top;
 * the view sticks to the bottom only while the reader is there (viewport.ts).
 */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type Conversation, keyOf } from '../model/state.ts';
import { liveRow, type Row } from '../model/timeline.ts';
import { useApp, useSelect } from './context.ts';
import { Icon } from './icon.tsx';
import { RowView } from './row.tsx';
import { createViewport } from './viewport.ts';

const OLDER_PX = 1200;

export function Thread({ conversation, rows }: { conversation: Conversation; rows: readonly Row[] }) {
  const { actions } = useApp();
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLOListElement>(null);
  const viewport = useMemo(() => createViewport(() => scroller.current), []);
  const [, render] = useState(0);
  const again = (): void => render((n) => n + 1);

  const live = liveRow(conversation, rows);
  const keys = useMemo(() => rows.map((row) => row.key), [rows]);
  const sent = conversation.outgoing.at(-1)?.id;
  // Who sends wants to see it.
  useMemo(() => {
    if (sent !== undefined) viewport.atBottom = true;
  }, [sent, viewport]);
  const { first, end, above, below } = viewport.window(live ? [...keys, live.key] : keys);

  useLayoutEffect(() => {
    const elements = list.current?.querySelectorAll<HTMLElement>(':scope > [data-key]') ?? [];
    if (viewport.measure(elements)) again();
    viewport.restore();
  });
  useResize(scroller, list, () => {
    viewport.measure(list.current?.querySelectorAll<HTMLElement>(':scope > [data-key]') ?? []);
    viewport.restore();
    again();
  });
  const onScroll = (): void => {
    viewport.onScroll();
    again();
  };
  // After the reader was put back: a page that has just arrived has moved them away from the top.
  useEffect(() => {
    const top = scroller.current?.scrollTop ?? 0;
    if (!viewport.atBottom && top < OLDER_PX) void actions.older(conversation);
  });
  const isNew = useReading(conversation, viewport.atBottom);

  const shown = rows.slice(first, end);
  return (
    <div class="thread-frame">
      <section
        ref={scroller}
        class="thread"
        aria-label="Messages"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
        tabIndex={0}
        onScroll={onScroll}
        aria-busy={!conversation.loaded}
      >
        <ol ref={list} class="rows">
          <li class="spacer" aria-hidden="true" ref={heightOf(above)} />
          {shown.map((row) => (
            <RowView key={row.key} row={row} place={conversation} />
          ))}
          {live && end > rows.length && <RowView key={live.key} row={live} place={conversation} />}
          <li class="spacer" aria-hidden="true" ref={heightOf(below)} />
        </ol>
      </section>
      {!viewport.atBottom && (
        <button
          type="button"
          class="button pill"
          onClick={() => {
            viewport.atBottom = true;
            again();
          }}
        >
          <Icon name="down" size={16} /> {isNew ? 'New messages' : 'To the newest'}
        </button>
      )}
    </div>
  );
}

/** By the object model: a style attribute is against the page's Content-Security-Policy. */
function heightOf(px: number) {
  return (element: HTMLElement | null): void => {
    if (element) element.style.height = `${px}px`;
  };
}

/** Marks as read what the reader has before them; true when something has come that they have not. */
function useReading(conversation: Conversation, atBottom: boolean): boolean {
  const { actions } = useApp();
  const last = conversation.entries.at(-1)?.seq ?? 0;
  const readSeq = useSelect(
    (state) =>
      state.list?.find((one) => keyOf(one) === keyOf(conversation))?.readSeq ?? Number.POSITIVE_INFINITY,
  );
  const [isVisible, setVisible] = useState(!document.hidden);
  useEffect(() => {
    const update = (): void => setVisible(!document.hidden);
    document.addEventListener('visibilitychange', update);
    return () => document.removeEventListener('visibilitychange', update);
  }, []);
  const isUnread = last > readSeq;
  useEffect(() => {
    if (isUnread && atBottom && isVisible) void actions.read(conversation, last);
  }, [isUnread, atBottom, isVisible, last]);
  return isUnread;
}

type ElementRef = { readonly current: HTMLElement | null };

/** Pictures load, the keyboard opens, the composer grows: the reader stays where they are. */
function useResize(scroller: ElementRef, list: ElementRef, onResize: () => void): void {
  const latest = useRef(onResize);
  latest.current = onResize;
  useEffect(() => {
    const observer = new ResizeObserver(() => latest.current());
    if (scroller.current) observer.observe(scroller.current);
    if (list.current) observer.observe(list.current);
    return () => observer.disconnect();
  }, [scroller, list]);
}
