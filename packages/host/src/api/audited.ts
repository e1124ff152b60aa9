/**
 * What the owner does by the API that is the host's own matter, in the audit before it is done. What the egress process
 * does for the owner (keys, hosts, budgets) it writes itself, with what it is about.
 *
 * Every route that changes something is in one of the two tables, which a test holds.
 */
import type { AuditTrail } from '../egress/port.ts';
import type { Route } from './routing.ts';

type Action = Parameters<AuditTrail['record']>[0]['what'];

export const AUDITED: Readonly<Record<string, Action>> = {
  'POST /v1/sessions/:id/release': 'session released',
  'POST /v1/dead-letters/:message/retry': 'message tried again',
  'POST /v1/dead-letters/:message/discard': 'message discarded',
  'POST /v1/messages/:id/retry': 'message tried again',
  'POST /v1/links': 'link issued',
  'POST /v1/password': 'password set',
  'PUT /v1/model': 'model set',
};

/**
 * Why each has no row: the egress process, access/approvals.ts, packages.ts or skills.ts writes it, with names, or it is a
 * person talking, signing in, or stopping what is theirs.
 */
export const NOT_AUDITED: readonly string[] = [
  'POST /v1/approvals/decide',
  'PUT /v1/secrets',
  'POST /v1/secrets/remove',
  'POST /v1/secrets/grant',
  'POST /v1/secrets/revoke',
  'POST /v1/secrets/rotate',
  'PUT /v1/hosts',
  'POST /v1/hosts/remove',
  'PUT /v1/budgets',
  'POST /v1/budgets/answer',
  'POST /v1/packages/add',
  'POST /v1/packages/remove',
  'POST /v1/skills',
  'POST /v1/model/test',
  'POST /v1/sign-in',
  'POST /v1/sign-out',
  'POST /v1/stop',
  'POST /v1/files',
  'POST /v1/conversations/read',
  'POST /v1/turns/stop',
  'POST /v1/messages',
  'POST /v1/answers',
];

/** The same routes; those of the table write their row first, and are refused when that cannot be written. */
export function audited(routes: readonly Route[], trail: AuditTrail): readonly Route[] {
  return routes.map((route) => {
    const what = AUDITED[`${route.method} ${route.path}`];
    if (what === undefined) return route;
    return {
      ...route,
      async handle(request, ...parameters) {
        const target = parameters.join(' ');
        const row = { who: 'owner', what, agent: '', session: '', target, decision: 'done', detail: '' };
        await trail.record(row);
        return route.handle(request, ...parameters);
      },
    };
  });
}
