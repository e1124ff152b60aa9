/** Which host a request of the owner's means, and for which agent; methods and paths of rules, as far as JSON goes. */
import * as v from 'valibot';
import { readHostPort } from '../egress/policy/host-names.ts';
import type { HostRule } from '../egress/port.ts';
import type { Store } from '../store/port.ts';
import { Problem } from './problem.ts';
import { findAgent, nameSchema } from './routes/input.ts';

const HTTPS = 443;

export const hostEntries = {
  agent: v.optional(nameSchema),
  host: v.pipe(v.string(), v.maxLength(300)),
  port: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))),
};
/** In capitals. Judged in the egress process (secrets.ts), like the path. */
export const methodSchema = v.pipe(v.string(), v.maxLength(20));
export const pathSchema = v.pipe(v.string(), v.maxLength(500));

interface Asked {
  readonly agent?: string | undefined;
  readonly host: string;
  readonly port?: number | undefined;
}

export async function meantHost(store: Store, asked: Asked): Promise<Omit<HostRule, 'isPrivate'>> {
  const agent = (await findAgent(store, asked.agent)).id;
  const found = readHostPort(asked.host, asked.port ?? HTTPS);
  // A port in the name and another one beside it: nobody knows which is meant.
  if (found && (asked.port === undefined || found.port === asked.port)) return { agent, ...found };
  throw new Problem(
    400,
    'bad_request',
    'this is not the plain name of one host',
    'As in: ./bellhop hosts allow api.example.com',
  );
}
