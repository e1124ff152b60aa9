/** A question with buttons. Answered once; then it shows what was chosen. */
import type { Place } from '../model/state.ts';
import type { Row } from '../model/timeline.ts';
import { useApp } from './context.ts';
import { Icon } from './icon.tsx';
import { MarkdownText } from './markdown-text.tsx';

export function QuestionView({ place, row }: { place: Place; row: Extract<Row, { kind: 'question' }> }) {
  const { actions } = useApp();
  const isOpen = row.chosen === null;
  return (
    <fieldset class="question-box" data-open={isOpen}>
      <legend>{row.title}</legend>
      <MarkdownText text={row.text} />
      <div class="options">
        {row.options.map(({ label, value }) => (
          <button
            type="button"
            key={value}
            class="button"
            disabled={!isOpen}
            aria-pressed={isOpen ? undefined : row.chosen === value}
            onClick={() => void actions.answer(place, row.question, value)}
          >
            {row.chosen === value && <Icon name="check" size={16} />}
            {label}
          </button>
        ))}
      </div>
      {!isOpen && row.chosen === '' && <p class="aside">This has been answered.</p>}
    </fieldset>
  );
}
