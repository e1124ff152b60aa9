/**
 * `bellhop packages [add|remove|log] --apt NAME … --npm NAME …`: programs that an agent finds in its sandbox. The host
 * judges the names and builds; `log` follows the build that runs, or shows the last one.
 */
import type { PackageList, PackageLog } from '@bellhop/host/api';
import { text, texts } from './args.ts';
import type { Context } from './command.ts';
import { clientFor, firstContact } from './connect.ts';
import { within } from './deadline.ts';
import { FailedError } from './errors.ts';
import { tell, verbOf, wrapped } from './operator/request.ts';
import { oneLine } from './text.ts';

const VERBS = { list: 'alone', add: 'alone', remove: 'alone', log: 'alone' } as const;
const LOOK_MS = 500;
const ANSWER_MS = 20_000;

const STATES = {
  installed: 'installed',
  building: 'being installed; see: ./bellhop packages log',
  failed: 'not installed; what was there before stays',
} as const;

export async function packages(context: Context): Promise<number> {
  const { parsed } = context;
  const { verb } = verbOf(parsed, 'packages', VERBS);
  const agent = text(parsed, 'agent', 'packages');
  if (verb === 'log') return followLog(context, agent);
  const change = {
    ...(agent === undefined ? {} : { agent }),
    apt: texts(parsed, 'apt'),
    npm: texts(parsed, 'npm'),
  };
  return tell(
    context,
    (client, signal) =>
      verb === 'list' ? client.packages(signal) : client.changePackages(verb, change, signal),
    listed,
  );
}

function listed({ packages: found }: PackageList): string[] {
  if (found.length === 0) return ['No agent has packages of its own.'];
  return found.flatMap(({ agent, apt, npm, state, why }) => {
    const names = [...apt.map((name) => `apt ${name}`), ...npm.map((name) => `npm ${name}`)];
    return [
      ...wrapped(`${oneLine(agent)}: `, names.join(', ')),
      `  ${STATES[state]}`,
      ...(why === null ? [] : wrapped('  ', why)),
    ];
  });
}

/** Ends with the build: 0 when it was installed, 1 when it was not. */
async function followLog({ world, data }: Context, agent: string | undefined): Promise<number> {
  const client = clientFor(data);
  const silent = () => new FailedError('Bellhop runs but does not answer.', 'See why: ./bellhop logs');
  const read = (from: number): Promise<PackageLog> =>
    within(world, ANSWER_MS, silent, (signal) =>
      firstContact(data, () => client.packageLog(agent, from, signal)),
    );
  const at = { from: 0, rest: '' };
  for (;;) {
    const { text: piece, next, state, why } = await read(at.from);
    // A new build begins a new log: what is behind its end is not there yet.
    const lines = (at.rest + piece).split('\n');
    at.rest = lines.pop() ?? '';
    for (const line of lines) world.stdout.write(`${oneLine(line)}\n`);
    const isAtEnd = next === at.from;
    at.from = next;
    if (!isAtEnd) continue;
    if (state === 'failed')
      throw new FailedError(why ?? 'They could not be installed.', 'See: ./bellhop packages');
    if (state !== 'building') return 0;
    await world.clock.wait(LOOK_MS, world.interrupted);
  }
}
