/** The way of one message, step by step in the order that it went, as words. */
import type { WhyGeneration, WhyReply, WhyView } from '@bellhop/host/api';

export interface Step {
  readonly key: string;
  readonly words: string;
  /** What else is known of it; '' when nothing is. */
  readonly aside: string;
  readonly at: string | null;
  readonly state: 'done' | 'failed' | 'waiting';
}

export function stepsOf(view: WhyView): readonly Step[] {
  return [
    accepted(view),
    inMailbox(view),
    ...view.generations.toReversed().map(life),
    ...ack(view),
    ...view.replies.map(reply),
    ...end(view),
  ];
}

function accepted({ acceptedAt, channel }: WhyView): Step {
  return { key: 'accepted', words: 'Accepted', aside: `by ${channel}`, at: acceptedAt, state: 'done' };
}

function inMailbox({ row, endedAt }: WhyView): Step {
  const key = 'mailbox';
  if (row === null) {
    const words = endedAt === null ? 'Not in its mailbox yet' : 'No longer in its mailbox';
    return { key, words, aside: '', at: null, state: endedAt === null ? 'waiting' : 'done' };
  }
  const tries =
    row.tries === 0 ? 'no failed try' : row.tries === 1 ? '1 failed try' : `${row.tries} failed tries`;
  const later = row.releases === 0 ? '' : `, put off ${row.releases} times`;
  const words = `In its mailbox as number ${row.seq}`;
  const state = row.status === 'pending' ? 'waiting' : row.status === 'failed' ? 'failed' : 'done';
  return { key, words, aside: `${row.status}, ${tries}${later}`, at: row.dueAt, state };
}

function life({ number, state, startedAt, endedAt, reason, charged }: WhyGeneration): Step {
  const ended = endedAt === null ? 'it runs' : (reason ?? state);
  return {
    key: `life ${number}`,
    words: `Sandbox ${number}`,
    aside: charged ? `${ended}; this cost a try` : ended,
    at: startedAt,
    state: charged ? 'failed' : endedAt === null ? 'waiting' : 'done',
  };
}

function ack({ ack: found }: WhyView): Step[] {
  if (found === null) return [];
  const aside = [`attempt ${found.attempt}`, found.error ?? ''].filter(Boolean).join(': ');
  const state = found.status === 'failed' ? 'failed' : found.status === 'completed' ? 'done' : 'waiting';
  return [{ key: 'ack', words: `Its agent says: ${found.status}`, aside, at: null, state }];
}

/** What a delivery's state means to who waits for it. */
const REPLY_WORDS: Readonly<Record<string, string>> = {
  queued: 'on its way',
  attempting: 'on its way',
  retry: 'to be sent again',
  held: 'held: nobody knows whether it arrived',
};

function reply({ id, state, reason, createdAt, pieces }: WhyReply): Step {
  const attempts = pieces.reduce((most, piece) => Math.max(most, piece.attempts), 0);
  const tried = attempts > 1 ? `${attempts} attempts` : '';
  return {
    key: id,
    words: `${id.startsWith('notice:') ? 'Notice' : 'Reply'} ${REPLY_WORDS[state] ?? state}`,
    aside: [tried, reason ?? ''].filter(Boolean).join(': '),
    at: createdAt,
    state: state === 'delivered' ? 'done' : state === 'failed' || state === 'held' ? 'failed' : 'waiting',
  };
}

function end({ state, endedAt, reason }: WhyView): Step[] {
  if (endedAt === null) return [];
  const hasFailed = state === 'failed';
  return [
    {
      key: 'end',
      words: hasFailed ? 'Failed' : 'Answered',
      aside: (hasFailed && reason) || '',
      at: endedAt,
      state: hasFailed ? 'failed' : 'done',
    },
  ];
}
