/** What agents ask their owner for, and the owner's word: by socket or page, and by nothing else. */
import * as v from 'valibot';
import type { Approvals, Decided } from '../access/port.ts';
import { listAgents } from '../store/agents.ts';
import type { Approval } from '../store/approvals.ts';
import type { Store } from '../store/port.ts';
import type { ApprovalCard, ApprovalList, ApprovalRow } from './contract.ts';
import { Problem } from './problem.ts';
import { readBody } from './routes/input.ts';
import type { ApiRequest, Route } from './routing.ts';

const MAX_BODY_BYTES = 4 * 1024;

export const decideSchema = v.strictObject({
  id: v.pipe(v.string(), v.hexadecimal(), v.maxLength(64)),
  sha256: v.pipe(v.string(), v.hexadecimal(), v.length(64)),
  decision: v.picklist(['once', 'session', 'always', 'no']),
});

export interface ApprovalRoutesDeps {
  readonly store: Store;
  readonly approvals: Approvals;
  /** Who is at the other end of this listener. */
  readonly by: string;
}

export function createApprovalRoutes({ store, approvals, by }: ApprovalRoutesDeps): readonly Route[] {
  async function rows(found: readonly Approval[]): Promise<ApprovalRow[]> {
    const names = new Map((await listAgents(store.read)).map(({ id, name }) => [id, name] as const));
    return found.map((approval) => toRow(approval, names.get(approval.agent) ?? approval.agent));
  }

  async function list(): Promise<ApprovalList> {
    return { approvals: await rows(await approvals.list()) };
  }

  async function decide(request: ApiRequest): Promise<ApprovalRow> {
    const word = await readBody(request, decideSchema, MAX_BODY_BYTES);
    const decided = await approvals.decide(word, by);
    if (decided.kind !== 'decided') throw refused(decided);
    const [row] = await rows([decided.approval]);
    if (!row) throw new Error('one row in, one row out');
    return row;
  }

  return [
    { method: 'GET', path: '/v1/approvals', handle: async () => ({ status: 200, json: await list() }) },
    {
      method: 'POST',
      path: '/v1/approvals/decide',
      handle: async (request) => ({ status: 200, json: await decide(request) }),
    },
  ];
}

function toRow(approval: Approval, agent: string): ApprovalRow {
  // The text that the host itself has written (access/action.ts).
  const { host, port } = JSON.parse(approval.action) as Pick<ApprovalCard, 'host' | 'port'>;
  const { id, session, sha256, state, decision, decidedBy, decidedMs, applied } = approval;
  return {
    ...{ id, kind: 'reach-host', agent, session, host, port, sha256 },
    ...{ askedAt: iso(approval.askedMs), expiresAt: iso(approval.expiresMs) },
    ...{ state, decision, decidedBy, decidedAt: decidedMs === null ? null : iso(decidedMs), applied },
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function refused(decided: Decided): Problem {
  const hint = 'See: ./bellhop approvals';
  if (decided.kind === 'unknown')
    return new Problem(404, 'no_such_approval', 'there is no such question', hint);
  if (decided.kind === 'forbidden') return new Problem(403, 'forbidden', 'only the owner decides this', hint);
  if (decided.kind === 'changed') return new Problem(409, 'changed', 'this is not what was asked', hint);
  const { state, decision } = decided.approval;
  const what = state === 'decided' ? `this was decided before: ${decision}` : 'this question has expired';
  return new Problem(409, 'late', what, hint);
}
