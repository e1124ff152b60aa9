/** The conversations, the newest first, and the way to a new one. */
import type { ConversationView } from '@bellhop/host/api';
import { isUnread } from '../model/list.ts';
import { hashOf, MODEL_HASH, placeOf } from '../model/route.ts';
import { keyOf } from '../model/state.ts';
import { listTimeWords } from '../model/words.ts';
import { useApp, useSelect } from './context.ts';
import { Icon } from './icon.tsx';
import { SidebarFoot } from './sidebar-foot.tsx';

const SHORTCUT = /Mac|iP/.test(navigator.platform) ? '⌘K' : 'Ctrl K';

export function Sidebar() {
  const { actions, store } = useApp();
  const list = useSelect((state) => state.list);
  const open = useSelect((state) => state.open);
  const isFresh = open !== null && list !== null && !list.some((one) => keyOf(one) === keyOf(open));
  return (
    <nav class="sidebar" aria-label="Conversations">
      <header class="bar">
        <span class="brand">
          <Icon name="bell" /> Bellhop
        </span>
        <button
          type="button"
          class="button quiet square"
          aria-label="New conversation"
          onClick={() => actions.begin()}
        >
          <Icon name="new" />
        </button>
      </header>
      <button
        type="button"
        class="search"
        onClick={() => store.dispatch({ type: 'panels', paletteShown: true })}
      >
        <Icon name="search" size={16} />
        <span>Search or do</span>
        <kbd>{SHORTCUT}</kbd>
      </button>
      {list === null ? (
        <p class="hint">Loading your conversations…</p>
      ) : (
        <ul class="conversations">
          {isFresh && <FreshRow />}
          {list.map((one) => (
            <li key={keyOf(one)}>
              <ConversationRow conversation={one} isOpen={open !== null && keyOf(one) === keyOf(open)} />
            </li>
          ))}
        </ul>
      )}
      <ModelLink />
      <SidebarFoot />
    </nav>
  );
}

/** Which model answers, and the way to another. */
function ModelLink() {
  const agents = useSelect((state) => state.status?.agents) ?? [];
  const part = useSelect((state) => state.part);
  if (agents.length === 0) return null;
  const models = [...new Set(agents.map(({ model }) => model ?? 'no model connected'))];
  return (
    <a class="model-link" href={MODEL_HASH} aria-current={part === 'model' ? 'page' : undefined}>
      <Icon name="model" size={16} />
      <span class="line">
        <span class="hidden">Model: </span>
        {models.join(', ')}
      </span>
    </a>
  );
}

function FreshRow() {
  return (
    <li>
      <a class="conversation" href={location.hash} aria-current="page">
        <span class="conversation-top">
          <strong>New conversation</strong>
        </span>
        <span class="conversation-last">with {placeOf(location.hash)?.agent}</span>
      </a>
    </li>
  );
}

function ConversationRow({ conversation, isOpen }: { conversation: ConversationView; isOpen: boolean }) {
  const { title, agent, last, needsYou } = conversation;
  const calls = needsYou || (isUnread(conversation) && !isOpen);
  return (
    <a class="conversation" href={hashOf(conversation)} aria-current={isOpen ? 'page' : undefined}>
      <span class="conversation-top">
        <strong>{title}</strong>
        <time dateTime={last.at}>{listTimeWords(last.at, Date.now())}</time>
      </span>
      <span class="conversation-last">
        <span class="line">
          {last.by === 'you' ? 'You' : last.by === 'bellhop' ? 'Bellhop' : agent}: {last.text}
        </span>
        {needsYou && <span class="needs">needs you</span>}
        {calls && !needsYou && (
          <span class="dot">
            <span class="hidden">unread</span>
          </span>
        )}
      </span>
    </a>
  );
}
