/** The ways to the control pages, below the conversations. */
import { LETTERS_HASH, USAGE_HASH } from '../model/route.ts';
import { useSelect } from './context.ts';
import { Icon } from './icon.tsx';

export function SidebarFoot() {
  const part = useSelect((state) => state.part);
  const count = useSelect((state) => state.letters?.length ?? state.status?.messages.failed ?? 0);
  return (
    <div class="sidebar-foot">
      <a href={USAGE_HASH} aria-current={part === 'usage' ? 'page' : undefined}>
        <Icon name="money" size={16} /> Usage
      </a>
      <a href={LETTERS_HASH} aria-current={part === 'dead letters' ? 'page' : undefined}>
        <Icon name="letter" size={16} /> Dead letters
        {count > 0 && <span class="count">{count}</span>}
      </a>
    </div>
  );
}
