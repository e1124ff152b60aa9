/** `bellhop approvals [allow ID | deny ID]`: what agents ask for, and the owner's word. The host decides what it is worth. */
import type { ApprovalDecision, ApprovalList, ApprovalRow } from '@bellhop/host/api';
import { flag } from './args.ts';
import type { Client } from './client.ts';
import type { Context } from './command.ts';
import { FailedError, UsageError } from './errors.ts';
import { tell, time, verbOf } from './operator/request.ts';
import { oneLine } from './text.ts';

const VERBS = { list: 'alone', allow: 'names', deny: 'names' } as const;
/** As much of an id as is shown, and enough to type. */
const SHORT = 8;
const FOR_HOW_LONG = ['once', 'session', 'always'] as const;

const END_WORDS: Readonly<Record<ApprovalDecision, string>> = {
  once: 'allowed once',
  session: 'allowed in that conversation',
  always: 'allowed always',
  no: 'refused',
};

export async function approvals(context: Context): Promise<number> {
  const { parsed } = context;
  const { verb, what } = verbOf(parsed, 'approvals', VERBS);
  const chosen = FOR_HOW_LONG.filter((name) => flag(parsed, name));
  const [decision = null] = chosen;
  if (verb === 'allow' && (chosen.length !== 1 || decision === null))
    throw new UsageError('For how long? --once, --session or --always.', 'See: ./bellhop help approvals');
  if (verb !== 'allow' && decision !== null)
    throw new UsageError(`--${decision} belongs to allow.`, 'See: ./bellhop help approvals');
  if (verb === 'list') return tell(context, (client, signal) => client.approvals(signal), listed);
  return tell(
    context,
    async (client, signal) => {
      const { id, sha256 } = await named(client, what, signal);
      return client.decideApproval({ id, sha256, decision: decision ?? 'no' }, signal);
    },
    (row) => [`${END_WORDS[row.decision ?? 'no']}: ${oneLine(row.agent)} to ${place(row)}`],
  );
}

/** By the beginning of its id; what the list says of it now is what is decided. */
async function named(client: Client, what: string, signal: AbortSignal): Promise<ApprovalRow> {
  const { approvals: found } = await client.approvals(signal);
  const meant = found.filter(({ id }) => id.startsWith(what));
  const [row] = meant;
  if (row && meant.length === 1) return row;
  const problem = row ? `More than one question begins with ${what}.` : `There is no question ${what}.`;
  throw new FailedError(problem, 'See: ./bellhop approvals');
}

function listed({ approvals: found }: ApprovalList): string[] {
  if (found.length === 0) return ['No agent has asked for anything.'];
  const asked = found.filter(({ state }) => state === 'asked');
  const rest = found.filter(({ state }) => state !== 'asked');
  return [
    ...asked.flatMap((row) => [
      `${row.id.slice(0, SHORT)}  May ${oneLine(row.agent)} reach ${place(row)}?`,
      `${' '.repeat(SHORT)}  until ${time(row.expiresAt)}`,
    ]),
    ...rest.map((row) => {
      const end = row.state === 'expired' ? 'expired' : END_WORDS[row.decision ?? 'no'];
      return `${row.id.slice(0, SHORT)}  ${oneLine(row.agent)} to ${place(row)}: ${end}`;
    }),
    ...(asked.length === 0
      ? []
      : ['Yes: ./bellhop approvals allow ID --once|--session|--always', 'No:  ./bellhop approvals deny ID']),
  ];
}

function place({ host, port }: ApprovalRow): string {
  return `${oneLine(host)}, port ${port}`;
}
