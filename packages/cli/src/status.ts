/**
 * `bellhop status`: what runs, what waits, and for what, and which sessions take most on disk; `--json` has that of each
 * of the 200 newest, `sessions list` says more of them. Nothing else is computed here.
 */
import type { AgentStatus, ChannelStatus, SessionView, Status } from '@bellhop/host/api';
import { flag } from './args.ts';
import type { Context } from './command.ts';
import { clientFor, firstContact } from './connect.ts';
import { within } from './deadline.ts';
import { FailedError, HostUnreachable } from './errors.ts';
import { type Style, styleFor } from './style.ts';
import { localTime, oneLine, sizeOf } from './text.ts';

const LONGEST_WAIT_MS = 10_000;
const MAX_DISK_ROWS = 3;

export async function status({ world, data, parsed }: Context): Promise<number> {
  const client = clientFor(data);
  const silent = () => new FailedError('Bellhop runs but does not answer.', 'See why: ./bellhop logs');
  const found = await within(world, LONGEST_WAIT_MS, silent, (signal) =>
    firstContact(data, async () => {
      const now = await client.status(signal);
      const { sessions } = await client.sessions(false, signal);
      return { now, sessions };
    }),
  ).catch((error: unknown) => {
    throw error instanceof HostUnreachable ? silent() : error;
  });
  const words = flag(parsed, 'json')
    ? JSON.stringify({ ...found.now, disk: found.sessions.map(toDisk) })
    : describe(found.now, found.sessions, styleFor(world.stdout, world.env));
  world.stdout.write(`${words}\n`);
  return 0;
}

export function agentLabel(agent: AgentStatus): string {
  return `${oneLine(agent.name)}: ${agent.demo ? 'demo, no model connected' : oneLine(agent.model ?? agent.harness)}`;
}

function toDisk({ session, diskBytes }: SessionView): { session: string; bytes: number } {
  return { session, bytes: diskBytes };
}

/** The sessions that take most, as rows. */
function diskRows(sessions: readonly SessionView[]): [string, string][] {
  const largest = sessions.toSorted((a, b) => b.diskBytes - a.diskBytes).slice(0, MAX_DISK_ROWS);
  return largest.map(({ agent, channel, chat, thread, diskBytes }) => [
    'disk',
    `${sizeOf(diskBytes).padEnd(8)} ${agent} in ${channel}, ${thread ?? chat}`,
  ]);
}

function describe(status: Status, listed: readonly SessionView[], style: Style): string {
  const { sessions, messages, sandbox } = status;
  const rows: [string, string][] = [
    ['page', status.url],
    ['data', status.data],
    ['sandbox', sandbox.kind],
    ['time zone', status.timeZone],
    ...status.agents.map((agent): [string, string] => ['agent', agentLabel(agent)]),
    ['sessions', counts({ total: sessions.total, awake: sessions.awake, quarantined: sessions.quarantined })],
    ['messages', counts({ waiting: messages.waiting, 'at work': messages.working, failed: messages.failed })],
    ...status.channels.flatMap(channelRow),
    ...(status.approvals === 0
      ? []
      : [['approvals', `${status.approvals} open: ./bellhop approvals`] as [string, string]]),
    ...diskRows(listed),
    ...status.waitingFor.map((reason): [string, string] => ['waits for', reason]),
  ];
  const since = localTime(status.startedAt);
  return [
    `${style.bold(`Bellhop ${oneLine(status.version)}`)} runs since ${since} (process ${status.pid})`,
    ...rows.map(([name, value]) => `  ${style.dim(name.padEnd(10))} ${oneLine(value)}`),
    ...(sandbox.warning === null ? [] : [`  ${style.red('warning'.padEnd(10))} ${oneLine(sandbox.warning)}`]),
  ].join('\n');
}

/** Those that people are served by themselves are up while the host is; of the others it is said when one is not. */
function channelRow({ name, state, reason, refusals, retryAt }: ChannelStatus): [string, string][] {
  if (state === 'up') return [];
  const tried = refusals === 0 ? '' : `, refused ${refusals === 1 ? 'once' : `${refusals} times`}`;
  const again = retryAt === null ? '' : `; tried again at ${new Date(retryAt).toLocaleTimeString('sv-SE')}`;
  return [['channel', `${name} has not started${tried}: ${reason ?? 'it is being tried'}${again}`]];
}

function counts(of: Readonly<Record<string, number>>): string {
  return Object.entries(of)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}
