/**
 * The part of a test's host that leads nowhere: every session gets its proxy, and nothing answers behind it. A test that
 * is about models, money or secrets gives the host the real process instead.
 */
import { type Egress, EgressError, type EgressListener } from '../../packages/host/src/egress/port.ts';
import type { HostParts } from '../../packages/host/src/host.ts';

export interface NoEgress {
  readonly parts: HostParts['egress'];
  /** What the host does when the process tells it something: a test tells it in its place. */
  readonly host: EgressListener;
  /** What was written into the audit. */
  readonly rows: Parameters<HostParts['egress']['record']>[0][];
}

export function noEgress(): NoEgress {
  const heard: { listener: EgressListener | null } = { listener: null };
  const rows: NoEgress['rows'] = [];
  const nothing = async (): Promise<never> => {
    throw new EgressError('unavailable', 'this test has no way out', 'Give its host the real one.');
  };
  const none = async () => [];
  const open: Egress['open'] = async () => ({ close: async () => undefined });
  return {
    rows,
    get host() {
      if (!heard.listener) throw new Error('no host was started with this');
      return heard.listener;
    },
    parts: {
      known: { keys: [], ollama: null },
      listen(listener) {
        heard.listener = listener;
      },
      open,
      record: async (entry) => void rows.push(entry),
      look: async () => ({ keys: [], ollama: null }),
      ...{ keep: nothing, test: nothing, list: nothing },
      budgets: async () => ({ budgets: [], stops: [] }),
      ...{ setBudget: nothing, answerStop: nothing, alertTold: async () => undefined },
      ...{ hosts: none, allowHost: nothing, removeHost: nothing, grantHost: async () => undefined },
      ...{ secrets: none, keepSecret: nothing, rotate: nothing },
      ...{ requestRules: none, addRequestRules: nothing, removeRequestRules: nothing },
    },
  };
}
