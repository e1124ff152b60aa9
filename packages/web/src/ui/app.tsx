/** The whole page: who is signed in sees the desk, others the door. On a phone one column at a time. */
import { useEffect } from 'preact/hooks';
import { callingCount } from '../model/list.ts';
import { keyOf } from '../model/state.ts';
import { type App, AppProvider, useApp, useSelect } from './context.ts';
import { ConversationView } from './conversation.tsx';
import { LedgerPanel } from './ledger.tsx';
import { LettersPage } from './letters.tsx';
import { ModelPage } from './model-page.tsx';
import { Palette } from './palette.tsx';
import { Sidebar } from './sidebar.tsx';
import { SignIn } from './sign-in.tsx';
import { StoryPanel } from './story.tsx';
import { UsagePage } from './usage-page.tsx';
import { Welcome } from './welcome.tsx';

export function app(value: App) {
  return (
    <AppProvider value={value}>
      <Page />
    </AppProvider>
  );
}

function Page() {
  const auth = useSelect((state) => state.auth);
  const calling = useSelect((state) => callingCount(state.list ?? [], document.hidden ? null : state.open));
  useEffect(() => {
    document.title = calling > 0 ? `(${calling}) Bellhop` : 'Bellhop';
  }, [calling]);
  return auth === 'out' ? <SignIn /> : <Desk />;
}

function Desk() {
  const { store, letters } = useApp();
  const open = useSelect((state) => state.open);
  const part = useSelect((state) => state.part);
  const story = useSelect((state) => state.story);
  const ledgerShown = useSelect((state) => state.ledgerShown);
  const paletteShown = useSelect((state) => state.paletteShown);
  useFirstConversation();
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        store.dispatch({ type: 'panels', paletteShown: !store.get().paletteShown });
      }
      if (event.key !== 'Escape' || store.get().paletteShown) return;
      if (store.get().story) void letters.tell(null);
      else store.dispatch({ type: 'panels', ledgerShown: false });
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [store, letters]);
  const withLedger = story !== null || (ledgerShown && open !== null);
  const isAtList = open === null && part === null;
  return (
    <div class="desk" data-column={isAtList ? 'list' : withLedger ? 'ledger' : 'chat'}>
      <Sidebar />
      {part === 'model' && <ModelPage />}
      {part === 'dead letters' && <LettersPage />}
      {part === 'usage' && <UsagePage />}
      {open && <ConversationView key={keyOf(open)} place={open} />}
      {isAtList && <Welcome />}
      {story ? <StoryPanel story={story} /> : withLedger && open && <LedgerPanel place={open} />}
      {paletteShown && <Palette />}
    </div>
  );
}

/** Where there is room for two columns, the newest conversation is open from the start; a fresh one if there is none. */
function useFirstConversation(): void {
  const { actions, store } = useApp();
  const isListed = useSelect((state) => state.list !== null);
  useEffect(() => {
    const { list, open, part } = store.get();
    if (open !== null || part !== null || list === null) return;
    const [newest] = list;
    if (newest === undefined) actions.begin();
    else if (matchMedia('(min-width: 760px)').matches) actions.go(newest);
  }, [isListed, actions, store]);
}
