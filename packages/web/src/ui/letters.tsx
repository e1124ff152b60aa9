/** The page of dead letters: what failed for good and nobody has dealt with, whichever channel it came by. */
import type { DeadLetterView } from '@bellhop/host/api';
import { useEffect, useRef, useState } from 'preact/hooks';
import { isSameMessage, type Problem } from '../model/state.ts';
import { listTimeWords, sentence } from '../model/words.ts';
import { useApp, useSelect } from './context.ts';
import { ControlPage } from './control-page.tsx';
import { Icon } from './icon.tsx';

export function LettersPage() {
  const { letters } = useApp();
  const list = useSelect((state) => state.letters);
  const [problem, setProblem] = useState<Problem | null>(null);
  const look = async (): Promise<void> => setProblem(await letters.look());
  useEffect(() => void look(), []);
  return (
    <ControlPage title="Dead letters" aside="Tried to the last, and not answered">
      {problem && (
        <p class="letters-problem" role="alert">
          {problem.message} {problem.hint}{' '}
          <button type="button" class="link" onClick={() => void look()}>
            Ask again
          </button>
        </p>
      )}
      {list === null && !problem && <p class="letters-problem aside">Asking the host…</p>}
      {list?.length === 0 && <None />}
      {list !== null && list.length > 0 && <List list={list} />}
    </ControlPage>
  );
}

function None() {
  const { actions } = useApp();
  return (
    <div class="empty-scroll">
      <div class="empty">
        <Icon name="checks" size={32} />
        <h2>Nothing is lost here</h2>
        <p>
          A message that still fails after its last try waits on this page, with the reason, until you try it
          again or discard it.
        </p>
        <button type="button" class="button" onClick={() => actions.go(null)}>
          Back to the conversations
        </button>
      </div>
    </div>
  );
}

function List({ list }: { list: readonly DeadLetterView[] }) {
  const shown = useSelect((state) => state.story);
  const words = list.length === 1 ? '1 dead letter' : `${list.length} dead letters`;
  const count = useRef<HTMLParagraphElement>(null);
  const before = useRef(list.length);
  // The letter that had the focus is gone.
  useEffect(() => {
    if (list.length < before.current) count.current?.focus();
    before.current = list.length;
  }, [list.length]);
  return (
    <section class="letters" aria-label="Dead letters">
      <p ref={count} class="aside" role="status" tabIndex={-1}>
        {words}
      </p>
      <ul>
        {list.map((letter) => (
          <li key={`${letter.session} ${letter.message}`}>
            <Letter letter={letter} isShown={isSameMessage(letter, shown)} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Letter({ letter, isShown }: { letter: DeadLetterView; isShown: boolean }) {
  const { letters } = useApp();
  const { message, session, agent, channel, thread, reason, failedAt } = letter;
  return (
    <button
      type="button"
      class="letter"
      aria-current={isShown ? 'true' : undefined}
      onClick={() => void letters.tell({ message, session })}
    >
      <span class="letter-top">
        <Icon name="problem" size={16} />
        <strong class="line">{sentence(reason)}</strong>
        <time dateTime={failedAt}>{listTimeWords(failedAt, Date.now())}</time>
      </span>
      <span class="letter-whose line">
        {agent} · {channel} · {thread ?? 'main'}
      </span>
    </button>
  );
}
