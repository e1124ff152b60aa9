/** A text in Markdown. Until the renderer has been loaded it is shown as it was written. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Render } from '../markdown/lazy.ts';
import { useApp } from './context.ts';

const COPIED_MS = 1500;

export function MarkdownText({ text }: { text: string }) {
  const { markdown } = useApp();
  const [render, setRender] = useState<Render | null>(() => markdown.current());
  useEffect(() => {
    if (render === null) void markdown.loaded.then(() => setRender(() => markdown.current()));
  }, [render, markdown]);
  const html = useMemo(() => render?.(text), [render, text]);
  if (html === undefined) return <div class="prose plain">{text}</div>;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: delegation for the copy buttons inside
    // biome-ignore lint/a11y/useKeyWithClickEvents: a button makes a click of Enter and Space
    <div class="prose" onClick={copyCode} dangerouslySetInnerHTML={{ __html: html }} />
  );
}

function copyCode(event: MouseEvent): void {
  const button = (event.target as Element).closest('.code-copy');
  const code = button?.closest('.code')?.querySelector('code')?.textContent;
  if (!button || code === undefined) return;
  void copyText(code ?? '').then((ok) => {
    button.textContent = ok ? 'Copied' : 'Select and copy';
    setTimeout(() => {
      button.textContent = 'Copy';
    }, COPIED_MS);
  });
}

/** Plain http on another address than loopback has no clipboard. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // TypeError (no clipboard here) or NotAllowedError: the button says so.
    return false;
  }
}
