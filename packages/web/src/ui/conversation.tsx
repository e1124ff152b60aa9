/** The middle column: one conversation, from its name to the composer. */
import { useMemo, useState } from 'preact/hooks';
import { conversationAt, keyOf, type Place } from '../model/state.ts';
import { timeline } from '../model/timeline.ts';
import { demoAgent, isAtWork } from '../model/words.ts';
import { Announcer } from './announcer.tsx';
import { useAttachments } from './attachments.ts';
import { Composer } from './composer.tsx';
import { useApp, useSelect } from './context.ts';
import { BackButton } from './control-page.tsx';
import { DemoLabel, EmptyConversation } from './empty.tsx';
import { Icon } from './icon.tsx';
import { ConnectionLine, ProblemLine, WorkLine } from './lines.tsx';
import { Thread } from './thread.tsx';

export function ConversationView({ place }: { place: Place }) {
  const { actions } = useApp();
  const conversation = useSelect((state) => conversationAt(state, place));
  const attachments = useAttachments();
  const [example, setExample] = useState<{ readonly text: string } | null>(null);
  const [isOver, setOver] = useState(false);
  const { entries, outgoing, receipts, answered, loaded } = conversation;
  // The parts that the rows are made of; a piece of live text leaves them as they are.
  const rows = useMemo(() => timeline(conversation), [entries, outgoing, receipts, answered]);
  const isEmpty = loaded && rows.length === 0;
  return (
    <main
      class="chat"
      data-over={isOver}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        attachments.add(event.dataTransfer?.files ?? []);
      }}
    >
      <ChatHeader place={place} />
      <ConnectionLine />
      {isEmpty ? (
        <EmptyConversation place={place} onExample={(text) => setExample({ text })} />
      ) : (
        <Thread conversation={conversation} rows={rows} />
      )}
      <footer class="foot">
        <WorkLine conversation={conversation} />
        <ProblemLine place={place} problem={conversation.problem} />
        <Composer
          place={place}
          example={example}
          attachments={attachments}
          isAtWork={isAtWork(conversation)}
          onSend={(text, files) => actions.send(place, text, files)}
        />
      </footer>
      <Announcer conversation={conversation} />
      {isOver && <div class="drop">Drop files to send them</div>}
    </main>
  );
}

function ChatHeader({ place }: { place: Place }) {
  const { store } = useApp();
  const title = useSelect((state) => state.list?.find((one) => keyOf(one) === keyOf(place))?.title);
  const isDemo = useSelect((state) => demoAgent(state.status?.agents ?? [], place.agent));
  const ledgerShown = useSelect((state) => state.ledgerShown);
  return (
    <header class="bar">
      <BackButton />
      <div class="bar-title">
        <h1>{title ?? 'New conversation'}</h1>
        <span class="bar-agent">
          {place.agent}
          {isDemo && <DemoLabel />}
        </span>
      </div>
      <button
        type="button"
        class="button quiet"
        aria-label="Ledger"
        aria-pressed={ledgerShown}
        onClick={() => store.dispatch({ type: 'panels', ledgerShown: !ledgerShown })}
      >
        <Icon name="activity" />
        <span class="wide">Ledger</span>
      </button>
    </header>
  );
}
