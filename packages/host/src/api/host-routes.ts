/** Which hosts each agent may reach: for the owner, by socket or page. What passes is the egress process's to judge. */
import * as v from 'valibot';
import { readHostPort } from '../egress/policy/host-names.ts';
import type { HostRule, Policy } from '../egress/port.ts';
import { listAgents } from '../store/agents.ts';
import type { Store } from '../store/port.ts';
import type { HostList } from './contract.ts';
import { Problem } from './problem.ts';
import { findAgent, nameSchema, readBody } from './routes/input.ts';
import type { ApiRequest, Route } from './routing.ts';

const MAX_BODY_BYTES = 4 * 1024;
const HTTPS = 443;

const hostEntries = {
  agent: v.optional(nameSchema),
  host: v.pipe(v.string(), v.maxLength(300)),
  port: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))),
};
export const allowHostSchema = v.strictObject({ ...hostEntries, private: v.optional(v.boolean()) });
export const removeHostSchema = v.strictObject(hostEntries);

export interface HostRoutesDeps {
  readonly store: Store;
  readonly policy: Policy;
}

export function createHostRoutes({ store, policy }: HostRoutesDeps): readonly Route[] {
  async function show(rules: readonly HostRule[]): Promise<HostList> {
    const names = new Map((await listAgents(store.read)).map(({ id, name }) => [String(id), name] as const));
    return {
      hosts: rules.map(({ agent, host, port, isPrivate }) => {
        return { agent: names.get(agent) ?? agent, host, port, private: isPrivate };
      }),
    };
  }

  async function allow(request: ApiRequest): Promise<HostList> {
    const asked = await readBody(request, allowHostSchema, MAX_BODY_BYTES);
    return show(await policy.allowHost({ ...(await meant(asked)), isPrivate: asked.private === true }));
  }

  async function remove(request: ApiRequest): Promise<HostList> {
    return show(
      await policy.removeHost(await meant(await readBody(request, removeHostSchema, MAX_BODY_BYTES))),
    );
  }

  async function meant(asked: v.InferOutput<typeof removeHostSchema>): Promise<Omit<HostRule, 'isPrivate'>> {
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

  const json = (handle: (request: ApiRequest) => Promise<unknown>): Route['handle'] => {
    return async (request) => ({ status: 200, json: await handle(request) });
  };
  return [
    { method: 'GET', path: '/v1/hosts', handle: json(async () => show(await policy.hosts())) },
    { method: 'PUT', path: '/v1/hosts', handle: json(allow) },
    { method: 'POST', path: '/v1/hosts/remove', handle: json(remove) },
  ];
}
