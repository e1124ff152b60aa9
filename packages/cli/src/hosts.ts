/** `bellhop hosts [allow|remove HOST[:PORT]]`: which hosts an agent may reach besides its model. The host decides. */
import type { HostList } from '@bellhop/host/api';
import { flag, text } from './args.ts';
import type { Context } from './command.ts';
import { tell, verbOf } from './operator/request.ts';
import { oneLine } from './text.ts';

const VERBS = { list: 'alone', allow: 'names', remove: 'names' } as const;

export async function hosts(context: Context): Promise<number> {
  const { parsed } = context;
  const { verb, what } = verbOf(parsed, 'hosts', VERBS);
  const agent = text(parsed, 'agent', 'hosts');
  const named = { ...(agent === undefined ? {} : { agent }), host: what };
  return tell(
    context,
    (client, signal) => {
      if (verb === 'list') return client.hosts(signal);
      if (verb === 'remove') return client.removeHost(named, signal);
      return client.allowHost({ ...named, ...(flag(parsed, 'private') ? { private: true } : {}) }, signal);
    },
    listed,
  );
}

function listed({ hosts: found }: HostList): string[] {
  if (found.length === 0) return ['No agent may reach anything but its model.'];
  return found.map(({ agent, host, port, private: isPrivate }) => {
    const where = isPrivate ? '  (may be in your own network)' : '';
    return `${oneLine(agent)}: ${oneLine(host)}${port === 443 ? '' : `:${port}`}${where}`;
  });
}
