/**
 * `bellhop chat`: a conversation in the terminal, or a script piped into one. This file finds the host and the agent
 * and says whom one talks to; talk.ts is the conversation itself.
 */
import type { Status } from '@bellhop/host/api';
import type { Conversation } from '../client.ts';
import type { Context } from '../command.ts';
import { clientFor, firstContact } from '../connect.ts';
import { UsageError } from '../errors.ts';
import { conversationOf } from '../outgoing.ts';
import { agentLabel } from '../status.ts';
import { type Style, styleFor } from '../style.ts';
import { oneLine } from '../text.ts';
import type { World } from '../world.ts';
import { pipeConsole, terminalConsole } from './console.ts';
import { Talk } from './talk.ts';

export async function chat({ world, data, parsed }: Context): Promise<number> {
  const asked = conversationOf(parsed, 'chat', world);
  const client = clientFor(data);
  const status = await firstContact(data, () => client.status(world.interrupted));
  const agent = agentFor(status, asked.agent);
  const tty = world.stdin.isTTY === true && world.stdout.isTTY === true;
  const style = styleFor(world.stdout, world.env);
  greet(world, style, agentLabel(agent), asked, tty);
  const console = tty ? terminalConsole(world) : pipeConsole(world);
  const conversation = { agent: agent.name, thread: asked.thread };
  const talk = new Talk({ client, conversation, world, console, style, tty });
  try {
    return await talk.run();
  } finally {
    console.close();
    // The last line on the screen, below the prompt that is gone; never in a script's answers.
    (tty ? world.stdout : world.stderr).write(talk.farewell());
  }
}

function agentFor(status: Status, name: string | undefined): Status['agents'][number] {
  const found = name === undefined ? status.agents[0] : status.agents.find((agent) => agent.name === name);
  if (found) return found;
  const names = status.agents.map((agent) => oneLine(agent.name)).join(', ');
  throw new UsageError(`There is no agent "${name ?? ''}".`, `There is: ${names || 'none'}`);
}

function greet(world: World, style: Style, label: string, conversation: Conversation, tty: boolean): void {
  const lines = [label];
  if (tty) lines.push(`conversation ${oneLine(conversation.thread)}; /help for commands, /quit to leave`);
  world.stdout.write(`${lines.map((line) => style.dim(line)).join('\n')}\n`);
}
