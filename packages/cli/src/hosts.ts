/**
 * `bellhop hosts [allow|remove HOST[:PORT]]`: which hosts an agent may reach besides its model, and by which methods and
 * paths. The host decides.
 */
import type { HostList } from '@bellhop/host/api';
import { flag, type Parsed, text, texts } from './args.ts';
import type { Context } from './command.ts';
import { UsageError } from './errors.ts';
import { tell, verbOf } from './operator/request.ts';
import { oneLine } from './text.ts';

const VERBS = { list: 'alone', allow: 'names', remove: 'names' } as const;

export async function hosts(context: Context): Promise<number> {
  const { parsed } = context;
  const { verb, what } = verbOf(parsed, 'hosts', VERBS);
  const agent = text(parsed, 'agent', 'hosts');
  const path = text(parsed, 'path', 'hosts');
  const methods = methodsIn(parsed);
  const narrow = path === undefined ? {} : { path };
  const named = { ...(agent === undefined ? {} : { agent }), host: what };
  return tell(
    context,
    (client, signal) => {
      if (verb === 'list') return client.hosts(signal);
      if (verb === 'remove') return client.removeHost({ ...named, ...oneMethod(methods), ...narrow }, signal);
      const many = methods.length === 0 ? {} : { methods };
      const isPrivate = flag(parsed, 'private') ? { private: true } : {};
      return client.allowHost({ ...named, ...isPrivate, ...many, ...narrow }, signal);
    },
    listed,
  );
}

/** In capitals, as they are sent. */
export function methodsIn(parsed: Parsed): string[] {
  return texts(parsed, 'method').map((method) => method.toUpperCase());
}

export function oneMethod(methods: readonly string[]): { readonly method?: string } {
  const [method, ...more] = methods;
  if (more.length > 0) throw new UsageError('One --method at a time.', 'Type it once for each.');
  return method === undefined ? {} : { method };
}

export function whichHost(host: string, port: number): string {
  return `${oneLine(host)}${port === 443 ? '' : `:${port}`}`;
}

function listed({ hosts: found }: HostList): string[] {
  if (found.length === 0) return ['No agent may reach anything but its model.'];
  return found.map(({ agent, host, port, private: isPrivate, method, path }) => {
    const where = isPrivate ? '  (may be in your own network)' : '';
    const what = path === null ? '' : `  ${method ?? 'any method'} ${oneLine(path)}`;
    return `${oneLine(agent)}: ${whichHost(host, port)}${what}${where}`;
  });
}
