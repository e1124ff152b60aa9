/** The right column: why a message has the state it has, from its acceptance to its end. */
import type { WhyView } from '@bellhop/host/api';
import { useEffect, useRef } from 'preact/hooks';
import { keyOf, type Story } from '../model/state.ts';
import { type Step, stepsOf } from '../model/story.ts';
import { momentWords } from '../model/words.ts';
import { useApp, useSelect } from './context.ts';
import { Icon, type IconName } from './icon.tsx';
import { LetterActs } from './letter-acts.tsx';

const MARKS: Readonly<Record<Step['state'], IconName>> = {
  done: 'check',
  failed: 'problem',
  waiting: 'dashed',
};

/** What becomes of the message while its story is open; undefined where no conversation shows it. */
function useReceiptState(message: string): string | undefined {
  return (
    useSelect(({ open, conversations }) => open && conversations[keyOf(open)]?.receipts[message]?.state) ??
    undefined
  );
}

export function StoryPanel({ story: { message, session, views, problem } }: { story: Story }) {
  const { letters } = useApp();
  const heading = useRef<HTMLHeadingElement>(null);
  // What was pressed may be out of sight on a phone: who reads by keyboard or ear goes on here.
  useEffect(() => heading.current?.focus(), [message]);
  const receipt = useReceiptState(message);
  const told = useRef({ message, receipt });
  useEffect(() => {
    const before = told.current;
    told.current = { message, receipt };
    if (before.message === message && before.receipt !== receipt) void letters.tell({ message, session });
  }, [message, session, receipt, letters]);
  return (
    <aside class="ledger story" aria-label="Why">
      <header class="bar">
        <h2 ref={heading} tabIndex={-1}>
          Why
        </h2>
        <button
          type="button"
          class="button quiet square"
          aria-label="Close the story"
          onClick={() => void letters.tell(null)}
        >
          <Icon name="close" />
        </button>
      </header>
      <div class="ledger-body" aria-busy={views === null && problem === null}>
        <LetterActs message={message} session={session} />
        {problem && (
          <p role="alert">
            {problem.message} {problem.hint}
          </p>
        )}
        {views === null && !problem && <p class="aside">Asking the host…</p>}
        {views?.map((view) => (
          <Told key={view.session} view={view} />
        ))}
      </div>
    </aside>
  );
}

function Told({ view }: { view: WhyView }) {
  const [first, ...more] = view.verdict;
  return (
    <section>
      <p class="verdict">{first}</p>
      {more.map((words) => (
        <p key={words} class="aside">
          {words}
        </p>
      ))}
      <h3>Its way</h3>
      <ol class="steps">
        {stepsOf(view).map((step) => (
          <li key={step.key} data-state={step.state}>
            <span class="mark">
              <Icon name={MARKS[step.state]} size={16} />
            </span>
            <span class="step-words">
              {step.words}
              <span class="hidden"> ({step.state})</span>
              {step.aside !== '' && <span class="aside">{step.aside}</span>}
            </span>
            {step.at !== null && <time dateTime={step.at}>{momentWords(step.at, Date.now())}</time>}
          </li>
        ))}
      </ol>
      <h3>Where</h3>
      <dl class="pairs">
        <dt>Agent</dt>
        <dd>{view.agent}</dd>
        <dt>Channel</dt>
        <dd>{view.channel}</dd>
        <dt>Conversation</dt>
        <dd>{view.thread ?? 'main'}</dd>
        <dt>Session</dt>
        <dd>
          <code>{view.session}</code>
        </dd>
        <dt>Message</dt>
        <dd>
          <code>{view.message}</code>
        </dd>
      </dl>
    </section>
  );
}
