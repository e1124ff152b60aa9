/**
 * Why was there no answer? One or two sentences over the facts of a message's story, the last one saying what to type
 * next. Pure; the first row of the table that holds is the answer.
 */
import type { WhyView } from './shapes.ts';

export interface Facts extends Omit<WhyView, 'verdict' | 'log'> {
  /** Why its session is out of service; null when it is in service. */
  readonly quarantined: string | null;
  readonly atWork: boolean;
  readonly waitingFor: string | null;
  /** Why its channel has not started; null when it has. */
  readonly channelDown: string | null;
}

interface Rule {
  readonly holds: (facts: Facts) => boolean;
  readonly says: (facts: Facts) => readonly string[];
}

const isNotice = (reply: { readonly id: string }) => reply.id.startsWith('notice:');
const own = (facts: Facts) => facts.replies.filter((reply) => !isNotice(reply));
const inState = (facts: Facts, ...states: readonly string[]) =>
  own(facts).filter((reply) => states.includes(reply.state));
const LOGS = 'See ./bellhop logs.';

const RULES: readonly Rule[] = [
  {
    holds: (f) => f.state === 'failed',
    says: (f) => [
      `It failed: ${f.reason ?? 'no reason is known'}.`,
      f.quarantined === null
        ? `Try it again: ./bellhop dead-letters retry ${f.message}`
        : `Its session is out of service: ./bellhop sessions release ${f.session}`,
    ],
  },
  {
    holds: (f) => inState(f, 'failed').length > 0,
    says: (f) => {
      const [bad] = inState(f, 'failed');
      return [`It was answered, but a reply did not arrive: ${bad?.reason ?? bad?.state}.`, LOGS];
    },
  },
  {
    holds: (f) => inState(f, 'held').length > 0,
    says: (f) => [
      `It was answered, and a reply is held: ${inState(f, 'held')[0]?.reason ?? 'nobody knows whether it arrived'}.`,
      'It is not sent again, as it may be there: look in the chat.',
    ],
  },
  {
    holds: (f) => f.channelDown !== null && inState(f, 'queued', 'attempting', 'retry').length > 0,
    says: (f) => [
      `It was answered; the reply waits: ${f.channelDown}.`,
      'It goes out when the channel starts, which is tried again by itself: ./bellhop status',
    ],
  },
  {
    holds: (f) => inState(f, 'queued', 'attempting', 'retry').length > 0,
    says: (f) => {
      const [open] = inState(f, 'queued', 'attempting', 'retry');
      return [`It was answered; the reply is on its way (${open?.reason ?? open?.state}).`];
    },
  },
  {
    holds: (f) => f.state === 'answered' && own(f).length > 0,
    says: (f) => [
      `It was answered: ${own(f).length === 1 ? '1 reply' : `${own(f).length} replies`} delivered.`,
    ],
  },
  {
    holds: (f) => f.state === 'answered',
    says: () => [
      'It was taken up, and no reply names it: the agent said nothing, or answered it together with a later message.',
    ],
  },
  {
    holds: (f) => f.quarantined !== null,
    says: (f) => [
      `Its session is out of service: ${f.quarantined}.`,
      `Put it back: ./bellhop sessions release ${f.session}`,
    ],
  },
  { holds: (f) => f.atWork, says: () => ['The agent works on it now.'] },
  { holds: (f) => f.waitingFor !== null, says: (f) => [`It waits: ${f.waitingFor}.`, LOGS] },
  {
    holds: (f) => typeof f.row?.dueAt === 'string',
    says: (f) => {
      const last = f.generations.find((g) => g.charged)?.reason;
      return [`It is tried again at ${f.row?.dueAt}${last ? `, because ${last}` : ''}.`];
    },
  },
  {
    holds: (f) => f.row === null,
    says: () => ['It is accepted and not in its mailbox yet.', LOGS],
  },
];

export function verdict(facts: Facts): readonly string[] {
  const rule = RULES.find((one) => one.holds(facts));
  return rule?.says(facts) ?? ['It is in its mailbox and waits for the agent to take it up.', LOGS];
}
