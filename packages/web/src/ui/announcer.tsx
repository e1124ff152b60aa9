/** Says new messages to who listens to the page. The list itself is no live region: it renders and drops rows as it scrolls. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Conversation } from '../model/state.ts';

const MAX_CHARS = 300;
/** Of a character that the cut went through. */
const HALF_AT_END = /[\ud800-\udbff]$/;

export function Announcer({ conversation: { entries, loaded, agent } }: { conversation: Conversation }) {
  const [words, setWords] = useState('');
  const told = useRef<number | null>(null);
  useEffect(() => {
    if (!loaded) return;
    const fresh = told.current === null ? [] : entries.filter((entry) => entry.seq > (told.current ?? 0));
    told.current = entries.at(-1)?.seq ?? 0;
    const said = fresh.flatMap(({ body }) => {
      if (body.kind === 'notice' || (body.kind === 'question' && body.approval))
        return [`Bellhop: ${body.text}`];
      return body.kind === 'text' || body.kind === 'question' ? [`${agent}: ${body.text}`] : [];
    });
    if (said.length > 0) setWords(said.join('\n').slice(0, MAX_CHARS).replace(HALF_AT_END, ''));
  }, [entries, loaded, agent]);
  return (
    <div class="hidden" aria-live="polite">
      {words}
    </div>
  );
}
