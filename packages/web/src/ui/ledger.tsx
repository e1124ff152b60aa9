/** The right column: what the agent does now, or did last. Only what this page has seen; the log is the host's. */
import type { ToolView } from '@bellhop/host/api';
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { type Conversation, conversationAt, type Ledger, type Place } from '../model/state.ts';
import { clockWords, durationWords, moneyWords, receiptWords, sizeWords, workWords } from '../model/words.ts';
import { useApp, useSelect } from './context.ts';
import { Icon } from './icon.tsx';

const TICK_MS = 250;

export function LedgerPanel({ place }: { place: Place }) {
  const { store } = useApp();
  const conversation = useSelect((state) => conversationAt(state, place));
  const { ledger } = conversation;
  return (
    <aside class="ledger" aria-label="Ledger">
      <header class="bar">
        <h2>Ledger</h2>
        <button
          type="button"
          class="button quiet square"
          aria-label="Close the ledger"
          onClick={() => store.dispatch({ type: 'panels', ledgerShown: false })}
        >
          <Icon name="close" />
        </button>
      </header>
      <div class="ledger-body">
        {ledger ? <Turn conversation={conversation} ledger={ledger} /> : <Nothing agent={place.agent} />}
      </div>
    </aside>
  );
}

function Nothing({ agent }: { agent: string }) {
  return (
    <div class="empty">
      <Icon name="activity" size={24} />
      <p>
        When {agent} works on a message, this shows what it does: each tool with its time, what it sends, and
        where it runs.
      </p>
    </div>
  );
}

function Turn({
  conversation,
  ledger: { turn, generations, endedAtMs },
}: {
  conversation: Conversation;
  ledger: Ledger;
}) {
  const nowMs = useNow(endedAtMs === null);
  const tookMs = (endedAtMs ?? nowMs) - Date.parse(turn.startedAt);
  const sent = conversation.entries.filter(
    ({ replyTo }) => replyTo !== null && turn.messages.includes(replyTo),
  );
  return (
    <>
      <p class="now" data-on={endedAtMs === null}>
        {endedAtMs === null && <span class="pulse" aria-hidden="true" />}
        <strong class="line">
          {endedAtMs === null ? (workWords(conversation) ?? 'At work') : 'The last turn'}
        </strong>
        <span class="number">{durationWords(tookMs)}</span>
      </p>
      <Section title="Tools">
        {turn.tools.length === 0 ? (
          <p class="aside">None so far.</p>
        ) : (
          <ol class="facts">
            {turn.tools.map((tool) => (
              <Tool key={tool.n} tool={tool} nowMs={nowMs} />
            ))}
          </ol>
        )}
      </Section>
      <Section title="Sent">
        {sent.length === 0 ? (
          <p class="aside">Nothing yet.</p>
        ) : (
          <ul class="facts">
            {sent.map(({ id, body }) => (
              <li key={id}>
                <span class="line">{sentWords(body)}</span>
                {'files' in body && body.files[0] && (
                  <span class="number">{sizeWords(body.files[0].size)}</span>
                )}
              </li>
            ))}
          </ul>
        )}
      </Section>
      <Section title="Works on">
        <ul class="facts">
          {turn.messages.map((id) => (
            <li key={id}>
              <span class="line">{messageWords(conversation, id)}</span>
              <span>{receiptWords(conversation.receipts[id] ?? { state: 'answered', reason: null })}</span>
            </li>
          ))}
        </ul>
      </Section>
      {turn.usage && (
        <Section title="Model">
          <dl class="pairs">
            <dt>Calls</dt>
            <dd>{turn.usage.calls}</dd>
            <dt>Tokens in</dt>
            <dd>{turn.usage.inputTokens.toLocaleString()}</dd>
            <dt>Tokens out</dt>
            <dd>{turn.usage.outputTokens.toLocaleString()}</dd>
            <dt>Cost</dt>
            <dd>{moneyWords(turn.usage.costMicros)}</dd>
          </dl>
        </Section>
      )}
      <Section title="Room">
        <dl class="pairs">
          <dt>Sandbox</dt>
          <dd>{turn.sandbox}</dd>
          <dt>Generation</dt>
          <dd>{turn.generation}</dd>
          <dt>Tries seen</dt>
          <dd>{generations.length}</dd>
          <dt>Began</dt>
          <dd>{clockWords(turn.startedAt)}</dd>
        </dl>
      </Section>
    </>
  );
}

function Tool({ tool: { name, detail, startedAt, ms, ok }, nowMs }: { tool: ToolView; nowMs: number }) {
  const state = ms === null ? 'running' : ok === false ? 'failed' : 'done';
  return (
    <li data-state={state}>
      <span class="mark" aria-hidden="true">
        {state === 'running' ? (
          <span class="pulse" />
        ) : (
          <Icon name={state === 'done' ? 'check' : 'problem'} size={16} />
        )}
      </span>
      <span class="line">
        <strong>{name}</strong> <code>{detail}</code>
        <span class="hidden"> {state}</span>
      </span>
      <span class="number">{durationWords(ms ?? nowMs - Date.parse(startedAt))}</span>
    </li>
  );
}

function Section({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section>
      <h3>{title}</h3>
      {children}
    </section>
  );
}

/** Ticks only while something is counted. */
function useNow(isRunning: boolean): number {
  const [nowMs, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [isRunning]);
  return nowMs;
}

function sentWords(body: Conversation['entries'][number]['body']): string {
  if (body.kind === 'reaction') return `reaction ${body.emoji}`;
  if (body.kind === 'edit') return `edit: ${body.text}`;
  const file = 'files' in body ? body.files[0]?.name : undefined;
  return file ?? body.text;
}

function messageWords({ entries }: Conversation, id: string): string {
  const body = entries.find((entry) => entry.id === id)?.body;
  return body?.kind === 'user' ? body.text || (body.files[0]?.name ?? 'a file') : 'what the clock sent';
}
