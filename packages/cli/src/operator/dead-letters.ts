/** `bellhop dead-letters`: messages that failed for good; look at one, try it again, or put it away. */
import type { DeadLetterList, DeadLetterView } from '@bellhop/host/api';
import type { Context } from '../command.ts';
import { neutralise } from '../text.ts';
import { line, tell, time, verbOf, whichOf, wrapped } from './request.ts';

const VERBS = { list: 'alone', show: 'names', retry: 'names', discard: 'names' } as const;

export async function deadLetters(context: Context): Promise<number> {
  const { verb, what } = verbOf(context.parsed, 'dead-letters', VERBS);
  const which = whichOf(context.parsed, 'dead-letters');
  switch (verb) {
    case 'list':
      return tell(context, (client, signal) => client.deadLetters(signal), listed);
    case 'show':
      return tell(
        context,
        (client, signal) => client.deadLetter(what, which, signal),
        ({ deadLetters: found }) => found.flatMap(shown),
      );
    default:
      return tell(
        context,
        (client, signal) => client.settleDeadLetter(what, verb, which, signal),
        () => [
          verb === 'retry'
            ? `It is accepted again: ./bellhop why ${what}`
            : 'It is no longer shown. The message stays failed.',
        ],
      );
  }
}

function listed({ deadLetters: found }: DeadLetterList): string[] {
  if (found.length === 0) return ['No dead letters.'];
  return [
    ...found.flatMap((letter) => [
      line(`${time(letter.failedAt)}  `, letter.message),
      line('    ', `${letter.agent} on ${letter.channel}: ${letter.reason}`),
    ]),
    'More: ./bellhop dead-letters show ID (or retry, or discard)',
  ];
}

function shown(letter: DeadLetterView): string[] {
  const { channel, chat, thread, agent, session } = letter;
  return [
    line('message    ', letter.message),
    line('from       ', `${channel}, ${chat}${thread === null ? '' : `, thread ${thread}`}`),
    line('to         ', `${agent} (session ${session})`),
    `accepted   ${time(letter.acceptedAt)}`,
    `failed     ${time(letter.failedAt)}`,
    ...wrapped('because    ', letter.reason),
    '',
    letter.text === null ? 'Its text is not there any more.' : neutralise(letter.text),
  ];
}
