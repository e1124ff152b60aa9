/** The words and numbers that people read. One place, so that the page says the same thing the same way. */
import type { AgentStatus } from '@bellhop/host/api';
import type { Conversation, Receipt } from './state.ts';

export const SIGN_IN_LINK = './bellhop link';
export const LOOK_AT_LOGS = './bellhop logs';
export const DEMO_LABEL = 'demo, no model connected';

const RECEIPT_WORDS: Readonly<Record<Receipt['state'], string>> = {
  sending: 'Sending',
  accepted: 'Accepted',
  'at work': 'At work',
  answered: 'Answered',
  failed: 'Failed',
  refused: 'Not sent',
};

export function receiptWords({ state, reason }: Receipt): string {
  return reason === null || reason === '' ? RECEIPT_WORDS[state] : `${RECEIPT_WORDS[state]}: ${reason}`;
}

/** What the agent does, or what a message waits for; null when nothing is under way. */
export function workWords(conversation: Conversation): string | null {
  const { agent, ledger, typing, receipts, outgoing, live } = conversation;
  if (ledger && ledger.endedAtMs === null) {
    const running = ledger.turn.tools.findLast((tool) => tool.ms === null);
    if (running) return `${agent} is at work: ${running.name}${running.detail ? ` ${running.detail}` : ''}`;
    return live ? `${agent} is writing` : `${agent} is at work`;
  }
  if (typing) return `${agent} is at work`;
  const mine = conversation.entries.findLast(({ body }) => body.kind === 'user')?.id ?? '';
  const last = receipts[outgoing.at(-1)?.id ?? mine];
  if (last?.state === 'at work') return `${agent} is at work`;
  if (last?.state !== 'accepted') return null;
  return last.reason ? `Waiting for ${agent}: ${last.reason}` : `${agent} is getting ready`;
}

/** The host's words begin in lower case and may lack the full stop, as they stand in logs. */
export function sentence(text: string): string {
  const closed = text === '' || /[.!?:]$/.test(text) ? text : `${text}.`;
  return closed.charAt(0).toUpperCase() + closed.slice(1);
}

export function isAtWork({ ledger, typing }: Conversation): boolean {
  return typing || (ledger !== null && ledger.endedAtMs === null);
}

export function durationWords(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** What a person typed, in millionths of a dollar; null for what is no amount. */
export function microsIn(text: string): number | null {
  const amount = Number(text.trim().replace(/^\$/, '').replace(',', '.'));
  return text.trim() !== '' && amount > 0 && amount <= 1_000_000 ? Math.round(amount * 1_000_000) : null;
}

/** 1,234 or 12.3k or 4.5M. */
export function countWords(count: number): string {
  if (count < 10_000) return count.toLocaleString('en');
  return count < 1_000_000 ? `${(count / 1_000).toFixed(1)}k` : `${(count / 1_000_000).toFixed(1)}M`;
}

export function sizeWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1000)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

export function clockWords(at: string): string {
  return new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}

export function dayWords(at: string, nowMs: number): string {
  const day = new Date(at);
  const days = Math.round((startOfDay(nowMs) - startOfDay(day.getTime())) / 86_400_000);
  if (days === 0) return 'Today';
  if (days === 1) return 'Yesterday';
  const year = day.getFullYear() === new Date(nowMs).getFullYear() ? undefined : 'numeric';
  return day.toLocaleDateString([], { weekday: 'long', day: 'numeric', month: 'long', year });
}

/** When something ends, in words that stand behind "until". */
export function deadlineWords(at: string, nowMs: number): string {
  return startOfDay(nowMs) === startOfDay(Date.parse(at))
    ? clockWords(at)
    : `${dayWords(at, nowMs)}, ${clockWords(at)}`;
}

const APPROVAL_ENDS: Readonly<Record<string, (agent: string) => string>> = {
  once: (agent) => `You allowed ${agent} one connection.`,
  session: () => 'You allowed it in this conversation.',
  always: (agent) => `You allowed it. To take it back: ./bellhop hosts remove NAME --agent ${agent}`,
  no: (agent) => `You refused. ${agent} may not ask for it again for a day.`,
  expired: () => 'Nobody answered in time, so it stays refused.',
};

/** @param end a decision, `expired`, or '' when it is over and not known how. */
export function approvalEndWords(end: string, agent: string): string {
  return Object.hasOwn(APPROVAL_ENDS, end) ? (APPROVAL_ENDS[end]?.(agent) ?? '') : 'This has been answered.';
}

/** A moment, as short as it can be: the time of today, the day of any other. */
export function momentWords(at: string, nowMs: number): string {
  if (startOfDay(nowMs) !== startOfDay(Date.parse(at))) return listTimeWords(at, nowMs);
  return new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });
}

/** To the cent, or to the first two digits of less. */
export function moneyWords(micros: number | null): string {
  if (micros === null) return 'price not known';
  const dollars = micros / 1_000_000;
  return `$${dollars >= 0.1 || dollars === 0 ? dollars.toFixed(2) : Number(dollars.toPrecision(2))}`;
}

/** As short as a row of the list allows. */
export function listTimeWords(at: string, nowMs: number): string {
  if (startOfDay(nowMs) === startOfDay(Date.parse(at))) return clockWords(at);
  return new Date(at).toLocaleDateString([], { day: 'numeric', month: 'short' });
}

export function demoAgent(agents: readonly AgentStatus[], name: string): boolean {
  return agents.some((agent) => agent.name === name && agent.demo);
}

function startOfDay(ms: number): number {
  return new Date(ms).setHours(0, 0, 0, 0);
}
