/** What can be done about a dead letter, above its story, and what it said. Nothing for a message that has not failed. */
import { useEffect, useState } from 'preact/hooks';
import { hashOf } from '../model/route.ts';
import type { MessageRef, Problem } from '../model/state.ts';
import { useApp, useSelect } from './context.ts';
import { Icon } from './icon.tsx';

export function LetterActs({ message, session }: MessageRef) {
  const { letters } = useApp();
  const letter = useSelect((state) =>
    state.letters?.find(
      (one) =>
        one.message === message && (session === null ? one.channel === 'web' : one.session === session),
    ),
  );
  const isInControl = useSelect((state) => state.part === 'dead letters');
  const [text, setText] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    setText(null);
    setProblem(null);
    if (isInControl) void letters.textOf({ message, session }).then(setText);
  }, [message, session, isInControl, letters]);
  if (!letter) return null;
  const act = async (what: 'retry' | 'discard'): Promise<void> => {
    const went = await letters[what](letter);
    setProblem(went);
    if (went === null) await letters.tell(isInControl ? null : { message, session });
  };
  return (
    <div class="letter-acts">
      {text !== null && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
        <blockquote tabIndex={0}>{text}</blockquote>
      )}
      <p class="acts">
        <button type="button" class="button small" onClick={() => void act('retry')}>
          <Icon name="retry" size={16} /> Try again
        </button>
        <button type="button" class="button small" onClick={() => void act('discard')}>
          Discard
        </button>
        {isInControl && letter.channel === 'web' && (
          <a href={hashOf({ agent: letter.agent, thread: letter.thread ?? 'main' })}>Open the conversation</a>
        )}
      </p>
      {problem && (
        <p role="alert">
          {problem.message} {problem.hint}
        </p>
      )}
    </div>
  );
}
