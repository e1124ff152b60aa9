/**
 * Approvals: an agent's question for what it may not do by itself, its owner's one word, and what follows from that.
 *
 *   ask --one commit: record, card--> asked --the owner's word--> decided --effect--> applied, and the agent is told
 *                                       '----- its time is over -----> expired, and the agent is told
 *
 * - A word is one conditional change of the record: it names the hash of what was shown, comes from the local owner, and
 *   is in time, or it changes nothing. Of two at once one counts.
 * - The effect comes after it and may come twice: it is known by the approval's id on the other side. What was decided and
 *   not applied is applied at the next start, and before that again and again: so no kill between two lines loses a word
 *   or makes it count twice.
 * - A card stands in the conversation that asks, if it is one of the owner's own channels; elsewhere nobody is asked.
 */
import { randomBytes } from 'node:crypto';
import { ownerOn, SERVED_NAMES } from '@bellhop/channels/served';
import type { DeliveryEngine } from '../delivery/port.ts';
import type { AskAnswer, AuditTrail, HostAsk, Policy } from '../egress/port.ts';
import { agentById, roleOf } from '../store/agents.ts';
import * as records from '../store/approvals.ts';
import { addDelivery } from '../store/deliveries.ts';
import { addTarget, whereItWorks } from '../store/events.ts';
import type { Sql, Store } from '../store/port.ts';
import { addQuestion, closeQuestion, questionById } from '../store/questions.ts';
import { noteDue, sessionById } from '../store/sessions.ts';
import type { Clock, Log, Session, SessionId } from '../types.ts';
import { type Action, actionOf, actionText, hashOf, type ReachHost } from './action.ts';
import { card, endRow } from './card.ts';
import type { Approvals as ApprovalsPort, Decided, Word } from './port.ts';

const DAY_MS = 24 * 60 * 60_000;
export const EXPIRES_MS = DAY_MS;
/** A no stands for this long: the same session may not ask the same again before. */
export const NO_MS = DAY_MS;
/** Open questions of one session. */
export const MAX_OPEN = 5;
const MAX_LISTED = 100;
const APPLY_AGAIN_MS = 5_000;

export interface ApprovalsDeps {
  readonly store: Store;
  readonly policy: Pick<Policy, 'grantHost'>;
  readonly audit: AuditTrail;
  readonly delivery: DeliveryEngine;
  readonly clock: Clock;
  readonly log: Log;
  readonly nudge: (session: SessionId) => void;
  /** A card has its end: told to whoever looks at it. */
  readonly ended: (session: Session, approval: string, end: records.Decision | 'expired') => void;
}

const OWNERS: readonly string[] = SERVED_NAMES.map(ownerOn);
const OWNERS_CHANNELS: readonly string[] = SERVED_NAMES;

export class Approvals implements ApprovalsPort {
  readonly #deps: ApprovalsDeps;
  #cancelExpiry: () => void = () => undefined;
  #cancelApply: () => void = () => undefined;
  #stopped = false;

  constructor(deps: ApprovalsDeps) {
    this.#deps = deps;
  }

  /** Resolves when what a dead host has left undone is done, or tried. */
  async start(): Promise<void> {
    await this.#applyAll();
    await this.#expire();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelExpiry();
    this.#cancelApply();
  }

  async ask(ask: HostAsk): Promise<AskAnswer> {
    const { store, log } = this.#deps;
    const session = ask.session as SessionId;
    try {
      // Nearly all that is asked a thousand times ends here, and writes nothing.
      const known = await this.#answer(store.read, session, hashOf(actionText(reachHost(ask))));
      return known ?? (await this.#open(ask));
    } catch (error) {
      // Closed by default: it is refused, as it was before.
      log.error('approval not asked', { session, error: String(error) });
      return 'not asked';
    }
  }

  async decide({ id, sha256, decision }: Word, by: string): Promise<Decided> {
    const { store, clock } = this.#deps;
    const decided = await store.transaction(async (sql): Promise<Decided> => {
      const asked = await records.approvalById(sql, id);
      if (!asked) return { kind: 'unknown' };
      if (!OWNERS.includes(by) || (await roleOf(sql, by)) !== 'owner') return { kind: 'forbidden' };
      if (asked.sha256 !== sha256 || actionOf(asked) === null) return { kind: 'changed' };
      if (!(await records.decideApproval(sql, asked, decision, by, clock.now())))
        return { kind: 'late', approval: asked };
      await closeQuestion(sql, id, decision);
      return { kind: 'decided', approval: (await records.approvalById(sql, id)) ?? asked };
    });
    if (decided.kind !== 'decided') return decided;
    await this.#told(decided.approval, decision);
    await this.#applyAll();
    const approval = (await records.approvalById(store.read, id)) ?? decided.approval;
    return { kind: 'decided', approval };
  }

  list(): Promise<readonly records.Approval[]> {
    return records.listApprovals(this.#deps.store.read, MAX_LISTED);
  }

  /** What is so already; null: a card is to be made. */
  async #answer(sql: Sql, session: SessionId, sha256: string): Promise<AskAnswer | null> {
    const last = await records.lastAsked(sql, session, sha256);
    if (last?.state === 'asked' || (last?.state === 'decided' && !last.applied)) return 'asked';
    const refusedMs = last?.decision === 'no' ? (last.decidedMs ?? 0) : null;
    if (refusedMs !== null && this.#deps.clock.now() < refusedMs + NO_MS) return 'refused';
    return (await records.countAsked(sql, session)) >= MAX_OPEN ? 'full' : null;
  }

  async #open(ask: HostAsk): Promise<AskAnswer> {
    const { store, clock, delivery } = this.#deps;
    const action = reachHost(ask);
    const text = actionText(action);
    const sha256 = hashOf(text);
    const made = await store.transaction(async (sql) => {
      const known = await this.#answer(sql, action.session, sha256);
      if (known !== null) return known;
      const found = await sessionById(sql, action.session);
      // The card stands in the conversation that the turn is about.
      const session = found && (await whereItWorks(sql, found));
      const agent = session && (await agentById(sql, session.agentId));
      if (!session || !agent || agent.id !== action.agent || session.state !== 'active') return 'not asked';
      if (!OWNERS_CHANNELS.includes(session.channel)) return 'not asked';
      const id = randomBytes(16).toString('hex');
      const askedMs = clock.now();
      const approval = {
        ...{ id, kind: action.kind, agent: agent.id, session: session.id, action: text, sha256, askedMs },
        ...({ expiresMs: askedMs + EXPIRES_MS, state: 'asked', applied: false } as const),
        ...{ decision: null, decidedBy: null, decidedMs: null },
      };
      await records.addApproval(sql, approval);
      const { channel, chat, thread } = session;
      // Without a choice: the router takes no answer to it, whoever sends one. `decide` is the one way.
      await addQuestion(sql, { id, session: session.id, channel, chat, thread, options: '[]' });
      const shown = card(session, agent, approval, action);
      await addDelivery(sql, shown);
      return shown;
    });
    if (typeof made === 'string') return made;
    await this.#arm();
    void delivery.send([made]);
    return 'asked';
  }

  /** The effect of all that is decided and not applied. Never rejects: what could not be done is done again. */
  async #applyAll(): Promise<void> {
    const { store, clock, log } = this.#deps;
    this.#cancelApply();
    try {
      for (const approval of await records.toApply(store.read)) await this.#apply(approval);
    } catch (error) {
      log.warn('approval not applied yet', { error: String(error) });
      if (this.#stopped) return;
      this.#cancelApply = clock.after(APPLY_AGAIN_MS, () => void this.#applyAll());
    }
  }

  async #apply(approval: records.Approval): Promise<void> {
    const { decision } = approval;
    const action = actionOf(approval);
    // Changed by another hand since: it stands for nothing, and holds up no other.
    if (decision === null || action === null) return;
    // Before what it tells of, and again before it is done again.
    await this.#deps.audit.record(auditRow(approval, action, decision));
    if (decision !== 'no') await this.#effect(approval.id, action, decision);
    await this.#end(approval, action, decision, (sql) => records.markApplied(sql, approval.id));
  }

  #effect(approval: string, action: Action, lasts: 'once' | 'session' | 'always'): Promise<void> {
    const { agent, session, host, port } = action;
    return this.#deps.policy.grantHost({ approval, agent, session, host, port, lasts });
  }

  /** One commit: the record's last step, and the row that tells the agent. */
  async #end(
    approval: records.Approval,
    action: Action,
    end: records.Decision | 'expired',
    step: (sql: Sql) => Promise<boolean>,
  ): Promise<boolean> {
    const { store, clock, nudge } = this.#deps;
    const done = await store.transaction(async (sql) => {
      const session = await this.#placeOf(sql, approval);
      if (!(await step(sql))) return false;
      if (!session) return true;
      const row = endRow(session, approval, action, end, clock.now());
      await noteDue(sql, session.id, row.message.dueMs);
      const { id: message, thread } = row.message;
      const target = { session: session.id, message, channel: session.channel, thread };
      await addTarget(sql, target, JSON.stringify(row));
      return true;
    });
    if (done) nudge(approval.session);
    return done;
  }

  async #expire(): Promise<void> {
    const { store, clock } = this.#deps;
    for (const approval of await records.expiredBy(store.read, clock.now())) {
      const action = actionOf(approval);
      if (action === null) continue;
      const ended = await this.#end(approval, action, 'expired', async (sql) => {
        await closeQuestion(sql, approval.id, 'expired');
        return records.expireApproval(sql, approval.id);
      });
      if (ended) await this.#told(approval, 'expired');
    }
    await this.#arm();
  }

  async #arm(): Promise<void> {
    const { store, clock, log } = this.#deps;
    const nextMs = await records.nextExpiryMs(store.read);
    this.#cancelExpiry();
    if (nextMs === null || this.#stopped) return;
    this.#cancelExpiry = clock.after(Math.max(0, nextMs - clock.now()), () => {
      this.#expire().catch((error: unknown) => log.error('approvals not expired', { error: String(error) }));
    });
  }

  async #told(approval: records.Approval, end: records.Decision | 'expired'): Promise<void> {
    const found = await this.#placeOf(this.#deps.store.read, approval);
    if (found) this.#deps.ended(found, approval.id, end);
  }

  /** The session that has asked, in the thread where its card stands. */
  async #placeOf(sql: Sql, { session, id }: records.Approval): Promise<Session | null> {
    const found = await sessionById(sql, session);
    const asked = await questionById(sql, id);
    return found && asked ? { ...found, thread: asked.thread } : found;
  }
}

function auditRow({ id }: records.Approval, action: Action, decision: records.Decision) {
  const { agent, session, host, port } = action;
  const what = 'approval decided' as const;
  return { who: 'owner', what, agent, session, target: `${host}:${port}`, decision, detail: id };
}

function reachHost({ agent, session, host, port }: HostAsk): ReachHost {
  return { kind: 'reach-host', agent: agent as Action['agent'], session: session as SessionId, host, port };
}
