/** Names to addresses, by this machine's own resolver: the only place where a sandbox's names are looked up. */
import { lookup } from 'node:dns/promises';

/** Rejects when the name has none. */
export async function resolveAll(host: string): Promise<string[]> {
  const found = await lookup(host, { all: true, order: 'verbatim' });
  return found.map(({ address }) => address);
}
