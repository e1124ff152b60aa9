/**
 * What the owner does by way of the egress process, as rows of the audit: written before it is done. One entry for each
 * frame that changes or reaches something; those that only look have none. Pure.
 */
import type { HostToEgress } from '../frames.ts';
import type { RequestRule } from '../port.ts';
import type { Endpoint } from '../providers.ts';
import type { AuditAction, AuditEntry } from './chain.ts';

export function ownerRows(frame: HostToEgress): readonly AuditEntry[] {
  switch (frame.t) {
    case 'secret': {
      const { name, value } = frame.asks;
      return [row(value === null ? 'model key removed' : 'model key set', '', name)];
    }
    case 'keepSecret': {
      const { name, value } = frame.asks;
      return [row(value === null ? 'secret removed' : 'secret set', '', name)];
    }
    case 'rotate':
      return [row('vault rotated', '', '')];
    case 'test':
      return [row('model tested', frame.asks.agent, endpointWords(frame.asks.endpoint))];
    case 'list':
      return [row('models listed', '', endpointWords(frame.asks))];
    case 'allow':
      return [row('host allowed', frame.asks.agent, hostWords(frame.asks), privacy(frame.asks))];
    case 'disallow':
      return [row('host removed', frame.asks.agent, hostWords(frame.asks))];
    case 'addRules':
      return frame.asks.map((rule) => {
        const what = rule.secret === null ? 'host allowed' : 'secret granted';
        return row(what, rule.agent, ruleWords(rule), [secretWords(rule), privacy(rule)].join(' ').trim());
      });
    case 'removeRules': {
      const { agent, method, path, secret } = frame.asks;
      const which = `${method ?? '*'} ${hostWords(frame.asks)}${path ?? ''}`;
      return [row(secret === null ? 'host removed' : 'secret revoked', agent, which, secret ?? '')];
    }
    case 'budget': {
      const { agent, period, capMicros } = frame.asks;
      return [row('budget set', agent, period, capMicros === null ? 'none' : `${capMicros} micro-dollars`)];
    }
    case 'answer': {
      const { stop, addMicros } = frame.asks;
      return [
        row('budget answered', '', stop, addMicros === null ? 'no' : `${addMicros} micro-dollars more`),
      ];
    }
    case 'audit':
      return [frame.asks];
    // The host has written the owner's word itself (access/approvals.ts), also when it was no.
    case 'grant':
    case 'answerAsk':
    case 'open':
    case 'close':
    case 'look':
    case 'hosts':
    case 'secrets':
    case 'requestRules':
    case 'budgets':
    case 'alertTold':
      return [];
  }
}

function row(what: AuditAction, agent: string, target: string, detail = ''): AuditEntry {
  return { who: 'owner', what, agent, session: '', target, decision: 'done', detail };
}

function hostWords({ host, port }: Pick<RequestRule, 'host' | 'port'>): string {
  return `${host}:${port}`;
}

function ruleWords(rule: RequestRule): string {
  return `${rule.method} ${hostWords(rule)}${rule.path}`;
}

function privacy({ isPrivate }: Pick<RequestRule, 'isPrivate'>): string {
  return isPrivate ? 'also in a private network' : '';
}

/** A user's name may stand in `basic:USER`; how it is placed is enough. */
function secretWords({ secret, placing }: RequestRule): string {
  return secret === null ? '' : `${secret} as ${placing?.split(':')[0]}`;
}

/** An address that its owner gave may hold a user and a password. */
function endpointWords({ provider, model, baseUrl }: Endpoint): string {
  const host = baseUrl === null || !URL.canParse(baseUrl) ? '' : ` at ${new URL(baseUrl).host}`;
  return `${provider} ${model}${host}`;
}
