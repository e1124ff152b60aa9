/** Which hosts each agent may reach: for the owner, by socket or page. What passes is the egress process's to judge. */
import * as v from 'valibot';
import { ANY } from '../egress/policy/paths.ts';
import type { HostRule, Policy, Secrets } from '../egress/port.ts';
import { listAgents } from '../store/agents.ts';
import type { Store } from '../store/port.ts';
import type { HostList } from './contract.ts';
import { hostEntries, meantHost, methodSchema, pathSchema } from './host-input.ts';
import { readBody } from './routes/input.ts';
import type { ApiRequest, Route } from './routing.ts';

const MAX_BODY_BYTES = 16 * 1024;

export const allowHostSchema = v.strictObject({
  ...hostEntries,
  private: v.optional(v.boolean()),
  methods: v.optional(v.pipe(v.array(methodSchema), v.minLength(1), v.maxLength(20))),
  path: v.optional(pathSchema),
});
export const removeHostSchema = v.strictObject({
  ...hostEntries,
  method: v.optional(methodSchema),
  path: v.optional(pathSchema),
});

export interface HostRoutesDeps {
  readonly store: Store;
  readonly policy: Policy & Secrets;
}

export function createHostRoutes({ store, policy }: HostRoutesDeps): readonly Route[] {
  async function show(): Promise<HostList> {
    const names = new Map((await listAgents(store.read)).map(({ id, name }) => [String(id), name] as const));
    const narrow = (await policy.requestRules()).filter(({ secret }) => secret === null);
    const row = ({ agent, host, port, isPrivate }: HostRule, method: string | null, path: string | null) => {
      return { agent: names.get(agent) ?? agent, host, port, private: isPrivate, method, path };
    };
    return {
      hosts: [
        ...(await policy.hosts()).map((rule) => row(rule, null, null)),
        ...narrow.map((rule) => row(rule, rule.method === ANY.method ? null : rule.method, rule.path)),
      ],
    };
  }

  async function allow(request: ApiRequest): Promise<HostList> {
    const asked = await readBody(request, allowHostSchema, MAX_BODY_BYTES);
    const rule = { ...(await meantHost(store, asked)), isPrivate: asked.private === true };
    const { methods, path } = asked;
    if (methods === undefined && path === undefined) await policy.allowHost(rule);
    else {
      const none = { secret: null, placing: null };
      await policy.addRequestRules(
        (methods ?? [ANY.method]).map((method) => ({ ...rule, ...none, method, path: path ?? ANY.path })),
      );
    }
    return show();
  }

  /** Without a method and a path: all that opens this host, secrets excepted. */
  async function remove(request: ApiRequest): Promise<HostList> {
    const asked = await readBody(request, removeHostSchema, MAX_BODY_BYTES);
    const host = await meantHost(store, asked);
    const { method = null, path = null } = asked;
    if (method === null && path === null) await policy.removeHost(host);
    await policy.removeRequestRules({ ...host, secret: null, method, path });
    return show();
  }

  const json = (handle: (request: ApiRequest) => Promise<unknown>): Route['handle'] => {
    return async (request) => ({ status: 200, json: await handle(request) });
  };
  return [
    { method: 'GET', path: '/v1/hosts', handle: json(show) },
    { method: 'PUT', path: '/v1/hosts', handle: json(allow) },
    { method: 'POST', path: '/v1/hosts/remove', handle: json(remove) },
  ];
}
