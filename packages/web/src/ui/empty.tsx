/** A conversation that has not begun: what it is for, and examples that only need a press of Enter. */

import { MODEL_HASH } from '../model/route.ts';
import type { Place } from '../model/state.ts';
import { DEMO_LABEL, demoAgent } from '../model/words.ts';
import { useApp, useSelect } from './context.ts';
import { Icon } from './icon.tsx';

const DEMO_EXAMPLES = [
  'help',
  'run ls -la',
  'stream',
  'markdown',
  'file',
  'ask',
  'remind me in 10 seconds to stretch',
];
const EXAMPLES = [
  'What can you do?',
  'What is in your workspace?',
  'Remind me tomorrow at nine to call home',
];

export function EmptyConversation({ place, onExample }: { place: Place; onExample: (text: string) => void }) {
  const { actions } = useApp();
  const agents = useSelect((state) => state.status?.agents) ?? [];
  const isDemo = demoAgent(agents, place.agent);
  return (
    <section class="empty-scroll" aria-label="Messages">
      <div class="empty">
        <Icon name="bell" size={32} />
        <h2>Say something to {place.agent}</h2>
        <p>
          This conversation gets a room and a mailbox of its own. Files go both ways, and what you send is
          kept until it is answered.
        </p>
        {agents.length > 1 && (
          <p class="chips">
            {agents.map(({ name }) => (
              <button
                type="button"
                key={name}
                class="chip"
                aria-pressed={name === place.agent}
                onClick={() => actions.begin(name)}
              >
                {name}
              </button>
            ))}
          </p>
        )}
        <ul class="chips" aria-label="Examples">
          {(isDemo ? DEMO_EXAMPLES : EXAMPLES).map((text) => (
            <li key={text}>
              <button type="button" class="chip" onClick={() => onExample(text)}>
                {text}
              </button>
            </li>
          ))}
        </ul>
        {isDemo && (
          <p class="aside">
            This is a {DEMO_LABEL}. <a href={MODEL_HASH}>Connect one</a>, and it does real work.
          </p>
        )}
      </div>
    </section>
  );
}

export function DemoLabel() {
  return (
    <a class="demo" href={MODEL_HASH}>
      {DEMO_LABEL}
      <span class="hidden">. Connect one</span>
    </a>
  );
}
