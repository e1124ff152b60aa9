/** What stands in the middle while no conversation is open. */
import { useApp, useSelect } from './context.ts';
import { Icon } from './icon.tsx';

export function Welcome() {
  const { actions } = useApp();
  const isLoading = useSelect((state) => state.list === null);
  return (
    <main class="chat welcome" aria-busy={isLoading}>
      {!isLoading && (
        <div class="empty">
          <Icon name="bell" size={32} />
          <h1>Talk to your agents</h1>
          <p>Each conversation has a room of its own, and remembers what was said in it.</p>
          <button type="button" class="button primary" onClick={() => actions.begin()}>
            New conversation
          </button>
        </div>
      )}
    </main>
  );
}
