/**
 * `bellhop secrets …`: what agents may use and never see. The value is typed without an echo or comes from stdin; it is
 * never an argument, and no answer holds it.
 */
import type { SecretList } from '@bellhop/host/api';
import { flag, type Parsed, text } from './args.ts';
import type { Context } from './command.ts';
import { UsageError } from './errors.ts';
import { methodsIn, oneMethod, whichHost } from './hosts.ts';
import { tell, verbOf } from './operator/request.ts';
import { readSecret } from './secret.ts';
import { oneLine } from './text.ts';

const VERBS = {
  list: 'alone',
  set: 'names',
  remove: 'names',
  grant: 'names',
  revoke: 'names',
  rotate: 'alone',
} as const;

export async function secrets(context: Context): Promise<number> {
  const { parsed, world } = context;
  refuseValue(parsed);
  const { verb, what } = verbOf(parsed, 'secrets', VERBS);
  if (verb === 'rotate') {
    return tell(
      context,
      (client, signal) => client.rotateVault(signal),
      ({ sealed }) => [
        `The vault has a new key; ${sealed} ${sealed === 1 ? 'secret is' : 'secrets are'} sealed with it.`,
      ],
    );
  }
  const value =
    verb === 'set' ? await readSecret(world, `Value of ${oneLine(what)} (it is not shown): `) : '';
  return tell(
    context,
    (client, signal) => {
      if (verb === 'set') return client.setSecret({ name: what, value }, signal);
      if (verb === 'remove') return client.removeSecret(what, signal);
      if (verb === 'list') return client.secrets(signal);
      const which = { secret: what, ...place(parsed) };
      if (verb === 'revoke')
        return client.revokeSecret({ ...which, ...oneMethod(methodsIn(parsed)) }, signal);
      return client.grantSecret({ ...which, ...granted(parsed) }, signal);
    },
    listed,
  );
}

/** Whoever typed one has shown it to every process of the machine, and to the history of the shell. */
function refuseValue({ words }: Parsed): void {
  if (words[0] !== 'set' || words.length < 3) return;
  throw new UsageError(
    'A secret is never an argument: others can read it there. Nothing was stored.',
    'Treat it as known and change it; then: ./bellhop secrets set NAME, which asks.',
  );
}

function place(parsed: Parsed) {
  const host = text(parsed, 'host', 'secrets');
  if (host === undefined) throw new UsageError('For which host?', 'As in: --host api.example.com');
  const port = text(parsed, 'port', 'secrets');
  if (port !== undefined && !/^\d{1,5}$/.test(port))
    throw new UsageError('--port is not a number.', 'As in: --port 8443');
  const [agent, path] = [text(parsed, 'agent', 'secrets'), text(parsed, 'path', 'secrets')];
  return {
    host,
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(agent === undefined ? {} : { agent }),
    ...(path === undefined ? {} : { path }),
  };
}

function granted(parsed: Parsed) {
  const as = text(parsed, 'as', 'secrets');
  if (as === undefined) {
    throw new UsageError(
      'How is it shown to the host?',
      '--as bearer, basic:USER, header:NAME or query:NAME',
    );
  }
  const methods = methodsIn(parsed);
  return {
    as,
    ...(methods.length === 0 ? {} : { methods }),
    ...(flag(parsed, 'private') ? { private: true } : {}),
  };
}

function listed({ secrets: found }: SecretList): string[] {
  if (found.length === 0) return ['There are no secrets. Store one: ./bellhop secrets set NAME'];
  return found.flatMap(({ name, setAt, usedAt, readable, grants }) => {
    const state = readable ? '' : '  unreadable: the key of the vault does not open it';
    return [
      `${oneLine(name)}  set ${day(setAt)}, used ${day(usedAt)}${state}`,
      ...(grants.length === 0 ? ['  granted for nothing'] : []),
      ...grants.map(({ agent, host, port, method, path, as, private: isPrivate }) => {
        const where = isPrivate ? '  (may be in your own network)' : '';
        const to = `${whichHost(host, port)} ${method ?? 'any method'} ${oneLine(path)}`;
        return `  ${oneLine(agent)}: ${to} as ${oneLine(as)}${where}`;
      }),
    ];
  });
}

function day(at: string | null): string {
  return at === null ? 'never' : at.slice(0, 16).replace('T', ' ');
}
