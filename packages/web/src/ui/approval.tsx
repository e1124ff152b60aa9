/**
 * Bellhop's own question: may this agent reach that host? The exact thing that is decided is shown in full, and the
 * decision names its hash. Decided once; then it shows how, here and in every other tab.
 */
import type { ApprovalCard } from '@bellhop/host/api';
import type { Place } from '../model/state.ts';
import type { Row } from '../model/timeline.ts';
import { approvalEndWords, deadlineWords } from '../model/words.ts';
import { useApp } from './context.ts';
import { Icon } from './icon.tsx';

interface Props {
  readonly place: Place;
  readonly row: Extract<Row, { kind: 'question' }>;
  readonly card: ApprovalCard;
}

export function ApprovalView({ place, row, card }: Props) {
  const { actions } = useApp();
  const { agent, host, port, expiresAt, sha256 } = card;
  const isOpen = row.chosen === null;
  return (
    <fieldset class="approval" data-open={isOpen} aria-label={`May ${agent} reach ${host}, port ${port}?`}>
      <p>
        May <strong>{agent}</strong> reach this host?
      </p>
      <p class="target">
        <code>{host}</code> <code>port {port}</code>
      </p>
      <div class="options">
        {row.options.map(({ label, value }) => (
          <button
            type="button"
            key={value}
            class="button"
            disabled={!isOpen}
            aria-pressed={isOpen ? undefined : row.chosen === value}
            onClick={() => void actions.decide(place, { id: row.question, sha256, decision: value })}
          >
            {row.chosen === value && <Icon name="check" size={16} />}
            {label}
          </button>
        ))}
      </div>
      <p class="aside">
        {row.chosen === null
          ? `Asked in this conversation. Until you answer, ${agent} is refused. Open until ${deadlineWords(expiresAt, Date.now())}.`
          : approvalEndWords(row.chosen, agent)}
      </p>
    </fieldset>
  );
}
