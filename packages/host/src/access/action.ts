/**
 * What can be approved: one union, of which each kind has its exact text, its words and its effect (approvals.ts).
 * Pure. A new kind is a member here, a row in each function below, and an effect.
 */
import { createHash } from 'node:crypto';
import type { Approval, Decision } from '../store/approvals.ts';
import type { AgentId, SessionId } from '../types.ts';

/** To reach a host by TLS, besides those that its owner has named. */
export interface ReachHost {
  readonly kind: 'reach-host';
  readonly agent: AgentId;
  readonly session: SessionId;
  /** In its one spelling (egress/policy/host-names.ts). */
  readonly host: string;
  readonly port: number;
}

export type Action = ReachHost;

/** The text that is hashed, shown and done: who asks is part of it, so that no card decides for another agent. */
export function actionText({ kind, agent, session, host, port }: Action): string {
  return JSON.stringify({ kind, agent, session, host, port });
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Null when the text is not the one that the hash was made from: then nobody has approved it. */
export function actionOf({ action, sha256 }: Pick<Approval, 'action' | 'sha256'>): Action | null {
  return hashOf(action) === sha256 ? (JSON.parse(action) as Action) : null;
}

/** The end of a question, for the agent that asked: what is so now, and what to do. */
export function endWords({ host, port }: Action, end: Decision | 'expired'): string {
  const what = `${host}, port ${port}`;
  switch (end) {
    case 'once':
      return `Allowed once: you may open one connection to ${what}. Try again.`;
    case 'session':
      return `Allowed in this conversation: you may reach ${what}. Try again.`;
    case 'always':
      return `Allowed from now on: you may reach ${what}. Try again.`;
    case 'no':
      return `Refused: you may not reach ${what}. Do not ask again; go on without it, or say what you cannot do.`;
    case 'expired':
      return `Nobody has answered whether you may reach ${what}, and the question is over. Go on without it; try again only if you still need it.`;
  }
}
