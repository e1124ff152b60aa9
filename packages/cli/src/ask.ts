/**
 * `bellhop ask`: one message, its reply, an exit code.
 *
 * The message id is made here and kept: when the host goes away in mid-request the same one is sent again, which
 * changes nothing if it was accepted before. stdout carries the reply and nothing else.
 */
import type { MessageState, SendMessage } from '@bellhop/host/api';
import { flag, type Parsed, text, texts } from './args.ts';
import type { Client, Conversation } from './client.ts';
import type { Context } from './command.ts';
import { clientFor, firstContact } from './connect.ts';
import { within } from './deadline.ts';
import { HostUnreachable, TimeoutError, UsageError } from './errors.ts';
import { follow, NO_ENTRIES } from './follow.ts';
import { conversationOf, fileToSend, type OutgoingFile, textToSend, upload } from './outgoing.ts';
import { replyBlocks, replyFiles, replyText } from './reply.ts';
import { type Patience, untilAnswered } from './retry.ts';
import { concerns, Hint, settled } from './settle.ts';
import { styleFor } from './style.ts';
import { neutralise, oneLine } from './text.ts';
import type { World } from './world.ts';

const DEFAULT_TIMEOUT_S = 120;
/** What is known of a message that is waited for; nothing before it was accepted. */
type Known = Pick<MessageState, 'state' | 'reason'>;

/** A timer's limit: 2^31 - 1 milliseconds, about 24 days. */
const MAX_TIMEOUT_S = 2_147_483;

export async function ask({ world, data, parsed }: Context): Promise<number> {
  const timeoutS = timeoutOf(parsed);
  const conversation = conversationOf(parsed, 'ask', world);
  const files = texts(parsed, 'file').map((path) => fileToSend(path, world));
  const client = clientFor(data);
  const message = { id: world.newId(), text: await textToSend(parsed.words, world) };
  const startedAt = world.clock.now();
  let last: Known | null = null;
  const state = await within(
    world,
    timeoutS * 1000,
    () => tooLate(timeoutS, last),
    async (signal) => {
      const patience = { clock: world.clock, signal };
      await sendOnce(data, client, { ...message, ...conversation }, files, patience);
      last = { state: 'accepted', reason: null };
      return answerTo(client, conversation, message.id, patience, (seen) => {
        last = seen;
      });
    },
  );
  print(world, state, flag(parsed, 'json') ? world.clock.now() - startedAt : null);
  return state.state === 'answered' ? 0 : 1;
}

function timeoutOf(parsed: Parsed): number {
  const given = text(parsed, 'timeout', 'ask');
  const seconds = given === undefined ? DEFAULT_TIMEOUT_S : Number(given);
  if (seconds > 0 && seconds <= MAX_TIMEOUT_S) return seconds;
  throw new UsageError(`--timeout takes seconds, not "${given}".`, 'As in: ./bellhop ask --timeout 30 "…"');
}

/** Returns when the message is accepted; a host that is not there at first contact is not waited for. */
async function sendOnce(
  data: string,
  client: Client,
  message: SendMessage,
  files: readonly OutgoingFile[],
  patience: Patience,
): Promise<void> {
  const { signal } = patience;
  const send = async () => {
    const ids = await upload(client, files, signal);
    await client.send({ ...message, files: ids }, signal);
  };
  try {
    await firstContact(data, send);
  } catch (error) {
    if (!(error instanceof HostUnreachable)) throw error;
    await untilAnswered(send, patience);
  }
}

/** Events and questions side by side until the message has settled. */
async function answerTo(
  client: Client,
  conversation: Conversation,
  message: string,
  patience: Patience,
  onState: (state: MessageState) => void,
): Promise<MessageState> {
  const done = new AbortController();
  const hint = new Hint();
  const signal = AbortSignal.any([patience.signal, done.signal]);
  const following = follow(
    client,
    conversation,
    NO_ENTRIES,
    { clock: patience.clock, signal },
    {
      onConnected: () => hint.ring(),
      onEvent: (event) => {
        if (concerns(event, message)) hint.ring();
      },
    },
  );
  const brokenOff = following.then(() => Promise.reject(patience.signal.reason));
  try {
    return await Promise.race([
      settled(client, message, hint, { clock: patience.clock, signal }, onState),
      brokenOff,
    ]);
  } finally {
    done.abort();
    await Promise.allSettled([brokenOff]);
  }
}

function print(world: World, state: MessageState, jsonMs: number | null): void {
  if (jsonMs !== null) {
    const { message, session, replies } = state;
    const object = { reply: replyText(replies), message, session, ms: jsonMs, files: replyFiles(replies) };
    world.stdout.write(`${JSON.stringify(object)}\n`);
  }
  const failed = state.state === 'failed';
  const { body: said, notices } = divide(state);
  // A pipe gets the reply's exact text; a terminal gets nothing that acts on it.
  const clean = world.stdout.isTTY === true ? neutralise : (raw: string) => raw;
  const shown = failed ? said : state.replies;
  if (jsonMs === null && shown.length > 0) world.stdout.write(`${replyBlocks(shown, clean).join('\n\n')}\n`);
  if (!failed) return;
  const style = styleFor(world.stderr, world.env);
  world.stderr.write(`${style.red('failed:')} ${oneLine(state.reason ?? 'no reason given')}\n`);
  for (const block of replyBlocks(notices, neutralise)) world.stderr.write(`${block}\n`);
}

function divide(state: MessageState): { body: MessageState['replies']; notices: MessageState['replies'] } {
  return {
    body: state.replies.filter((entry) => entry.body.kind !== 'notice'),
    notices: state.replies.filter((entry) => entry.body.kind === 'notice'),
  };
}

function tooLate(seconds: number, last: Known | null): TimeoutError {
  if (last === null) {
    return new TimeoutError(`Bellhop did not take the message within ${seconds} s.`, 'See: ./bellhop status');
  }
  const why = last.reason === null ? '' : ` (${last.reason})`;
  return new TimeoutError(
    `No answer within ${seconds} s; the message is ${last.state}${why}.`,
    'It is not lost, and its answer shows in: ./bellhop chat',
  );
}
