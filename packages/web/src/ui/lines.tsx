/** The quiet lines around a conversation: what is waited for, what is in the way. Nothing spins without saying why. */
import { useEffect, useState } from 'preact/hooks';
import type { Conversation, Place, Problem } from '../model/state.ts';
import { workWords } from '../model/words.ts';
import { useApp, useSelect } from './context.ts';
import { Icon } from './icon.tsx';

/** A connection that comes back at once is nobody's concern. */
const QUIET_MS = 2000;

export function ConnectionLine() {
  const isLost = useSelect((state) => state.connection === 'lost');
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    if (!isLost) return setShown(false);
    const timer = setTimeout(() => setShown(true), QUIET_MS);
    return () => clearTimeout(timer);
  }, [isLost]);
  return (
    <div role="status" class="connection">
      {isShown && <p>Reconnecting… What you write is kept, and sent when the host is back.</p>}
    </div>
  );
}

export function WorkLine({ conversation }: { conversation: Conversation }) {
  const words = workWords(conversation);
  return (
    <p class="work" data-on={words !== null}>
      {words !== null && (
        <>
          <span class="pulse" aria-hidden="true" />
          <span class="line">{words}</span>
        </>
      )}
    </p>
  );
}

export function ProblemLine({ place, problem }: { place: Place; problem: Problem | null }) {
  const { store } = useApp();
  return (
    <div role="alert">
      {problem && (
        <p class="problem">
          <Icon name="problem" size={16} />
          <span>
            <strong>{problem.message}</strong> {problem.hint}
          </span>
          <button
            type="button"
            class="button quiet square small"
            aria-label="Close"
            onClick={() => store.dispatch({ type: 'problem', place, problem: null })}
          >
            <Icon name="close" size={16} />
          </button>
        </p>
      )}
    </div>
  );
}
