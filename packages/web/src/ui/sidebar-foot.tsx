/** The ways to the control pages, below the conversations. */
import { LETTERS_HASH } from '../model/route.ts';
import { useSelect } from './context.ts';
import { Icon } from './icon.tsx';

export function SidebarFoot() {
  const isOpen = useSelect((state) => state.part === 'dead letters');
  const count = useSelect((state) => state.letters?.length ?? state.status?.messages.failed ?? 0);
  return (
    <div class="sidebar-foot">
      <a href={LETTERS_HASH} aria-current={isOpen ? 'page' : undefined}>
        <Icon name="letter" size={16} /> Dead letters
        {count > 0 && <span class="count">{count}</span>}
      </a>
    </div>
  );
}
