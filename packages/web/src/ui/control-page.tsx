/** The frame of a page beside the chat: its name, the way back on a phone, and whether the host is there. */
import type { ComponentChildren } from 'preact';
import { useApp } from './context.ts';
import { Icon } from './icon.tsx';
import { ConnectionLine } from './lines.tsx';

interface Frame {
  readonly title: string;
  /** What it is for, in a line. */
  readonly aside?: string;
  readonly children: ComponentChildren;
}

export function ControlPage({ title, aside, children }: Frame) {
  return (
    <main class="chat">
      <header class="bar">
        <BackButton />
        <div class="bar-title">
          <h1>{title}</h1>
          {aside !== undefined && (
            <p class="bar-agent">
              <span class="line">{aside}</span>
            </p>
          )}
        </div>
      </header>
      <ConnectionLine />
      {children}
    </main>
  );
}

/** On a phone one column is shown at a time. */
export function BackButton() {
  const { actions } = useApp();
  return (
    <button
      type="button"
      class="button quiet square back"
      aria-label="Back to the conversations"
      onClick={() => actions.go(null)}
    >
      <Icon name="back" />
    </button>
  );
}
