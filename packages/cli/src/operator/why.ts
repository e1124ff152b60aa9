/** `bellhop why`: the whole story of one message on one screen. What it means was decided by the host (verdict). */
import type { WhyList, WhyReply, WhyView } from '@bellhop/host/api';
import type { Context } from '../command.ts';
import { UsageError } from '../errors.ts';
import { line, tell, time, whichOf, wrapped } from './request.ts';

/** More would not be one screen. */
const MAX_SHOWN = 6;

export async function why(context: Context): Promise<number> {
  const { parsed } = context;
  const [message, ...more] = parsed.words;
  if (message === undefined || more.length > 0) {
    throw new UsageError('why takes one message: its id, its number, or last.', 'See: ./bellhop help why');
  }
  const which = whichOf(parsed, 'why');
  return tell(context, (client, signal) => client.why(message, which, signal), told);
}

function told({ messages }: WhyList): string[] {
  return messages.flatMap((view, index) => [...(index > 0 ? [''] : []), ...story(view)]);
}

function story(view: WhyView): string[] {
  const { row, ack, channel, chat, thread } = view;
  return [
    ...view.verdict.flatMap((sentence) => wrapped('', sentence)),
    '',
    line('message    ', `${view.message}${row ? ` (number ${row.seq}, ${row.kind})` : ''}`),
    `accepted   ${time(view.acceptedAt)}`,
    line('from       ', `${channel}, ${chat}${thread === null ? '' : `, thread ${thread}`}`),
    line('routed to  ', `${view.agent}, session ${view.session}`),
    row
      ? line(
          'mailbox    ',
          `${row.status}, ${row.tries} tries charged, attempt ${row.attempt}, put off ${row.releases} times`,
        )
      : 'mailbox    not there',
    ...(row?.dueAt ? [`next try   ${time(row.dueAt)}`] : []),
    ...(ack
      ? [line('agent      ', `${ack.status} by life ${ack.generation}${ack.error ? `: ${ack.error}` : ''}`)]
      : []),
    ...view.generations
      .slice(0, MAX_SHOWN)
      .map((g) =>
        line(
          'life       ',
          `${g.number}: from ${time(g.startedAt)}, ${g.endedAt === null ? 'runs' : `${g.reason ?? 'ended'}${g.charged ? ' (cost a try)' : ''}`}`,
        ),
      ),
    ...rest('life       ', view.generations.length),
    ...view.replies.slice(0, MAX_SHOWN).map((reply) => line('reply      ', describe(reply))),
    ...rest('reply      ', view.replies.length),
    line(
      'ended      ',
      view.endedAt === null ? `not yet (${view.state})` : `${time(view.endedAt)}, ${view.state}`,
    ),
    ...view.log.slice(-MAX_SHOWN).map((entry) => line('log        ', entry)),
  ];
}

function describe({ id, state, reason, pieces }: WhyReply): string {
  const attempts = pieces.reduce((n, piece) => n + piece.attempts, 0);
  const sent = pieces.length === 0 ? '' : `, ${pieces.length} piece(s), ${attempts} attempt(s)`;
  return `${id.startsWith('notice:') ? 'notice' : 'answer'} ${state}${sent}${reason ? `: ${reason}` : ''}`;
}

function rest(head: string, count: number): string[] {
  return count > MAX_SHOWN ? [`${head}… and ${count - MAX_SHOWN} more (--json shows them)`] : [];
}
