/** What became of a message of one's own: one small mark; its words on hover, focus or tap. A failure speaks by itself. */
import { useState } from 'preact/hooks';
import type { Place, Receipt } from '../model/state.ts';
import { receiptWords, sentence } from '../model/words.ts';
import { useApp } from './context.ts';
import { Icon, type IconName } from './icon.tsx';

const MARKS: Readonly<Record<Receipt['state'], IconName>> = {
  sending: 'clock',
  accepted: 'check',
  'at work': 'dashed',
  answered: 'checks',
  failed: 'problem',
  refused: 'problem',
};

export function ReceiptMark({ receipt }: { receipt: Receipt }) {
  const words = receiptWords(receipt);
  return (
    <button type="button" class="receipt tip" data-state={receipt.state} data-tip={words} aria-label={words}>
      <Icon name={MARKS[receipt.state]} size={16} />
    </button>
  );
}

/** One press away from the mark: shown while the message is pointed at or has the focus. */
export function WhyLink({ id, receipt }: { id: string; receipt: Receipt }) {
  const { letters } = useApp();
  // A failure has its own; what the host has not accepted it cannot tell of.
  if (['sending', 'refused', 'failed'].includes(receipt.state)) return null;
  return (
    <button
      type="button"
      class="link why-link"
      aria-label="Why: the story of this message"
      onClick={() => void letters.tell({ message: id, session: null })}
    >
      Why
    </button>
  );
}

export function Failure({ place, id, receipt }: { place: Place; id: string; receipt: Receipt }) {
  const { actions, letters } = useApp();
  const [whyShown, setWhyShown] = useState(false);
  if (receipt.state !== 'failed' && receipt.state !== 'refused') return null;
  const isRefused = receipt.state === 'refused';
  return (
    <div class="failure">
      <span>{isRefused ? 'Not sent.' : 'This was not answered.'}</span>
      <button type="button" class="link" aria-expanded={whyShown} onClick={() => setWhyShown(!whyShown)}>
        Why
      </button>
      <button type="button" class="button small" onClick={() => void actions.again(place, id)}>
        <Icon name="retry" size={16} /> Try again
      </button>
      {isRefused && (
        <button type="button" class="link" onClick={() => actions.withdraw(place, id)}>
          Remove
        </button>
      )}
      {whyShown && (
        <p class="why">
          {sentence(receipt.reason ?? 'no reason was given')}{' '}
          {!isRefused && (
            <button
              type="button"
              class="link"
              onClick={() => void letters.tell({ message: id, session: null })}
            >
              The whole story
            </button>
          )}
        </p>
      )}
    </div>
  );
}
