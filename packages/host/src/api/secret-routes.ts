/** The owner's secrets, and what they are granted for: by socket or page. No answer ever holds a value. */
import * as v from 'valibot';
import { ANY } from '../egress/policy/paths.ts';
import type { RequestRule, Secrets, SecretView } from '../egress/port.ts';
import { listAgents } from '../store/agents.ts';
import type { Store } from '../store/port.ts';
import type { Rotated, SecretList } from './contract.ts';
import { hostEntries, meantHost, methodSchema, pathSchema } from './host-input.ts';
import { readBody } from './routes/input.ts';
import type { ApiRequest, Route } from './routing.ts';

const MAX_BODY_BYTES = 16 * 1024;

const name = v.pipe(v.string(), v.maxLength(100));
export const setSecretSchema = v.strictObject({ name, value: v.pipe(v.string(), v.maxLength(5_000)) });
export const removeSecretSchema = v.strictObject({ name });
export const grantSchema = v.strictObject({
  ...hostEntries,
  secret: name,
  methods: v.optional(v.pipe(v.array(methodSchema), v.minLength(1), v.maxLength(20))),
  path: v.optional(pathSchema),
  as: v.pipe(v.string(), v.maxLength(300)),
  private: v.optional(v.boolean()),
});
export const revokeSchema = v.strictObject({
  ...hostEntries,
  secret: name,
  method: v.optional(methodSchema),
  path: v.optional(pathSchema),
});

export interface SecretRoutesDeps {
  readonly store: Store;
  readonly secrets: Secrets;
}

export function createSecretRoutes({ store, secrets }: SecretRoutesDeps): readonly Route[] {
  async function show(views: readonly SecretView[]): Promise<SecretList> {
    const names = new Map((await listAgents(store.read)).map(({ id, name }) => [String(id), name] as const));
    return {
      secrets: views.map(({ name, setMs, usedMs, readable, grants }) => ({
        name,
        setAt: toTime(setMs),
        usedAt: toTime(usedMs),
        readable,
        grants: grants.map(({ agent, host, port, method, path, placing, isPrivate }) => ({
          agent: names.get(agent) ?? agent,
          host,
          port,
          method: method === ANY.method ? null : method,
          path,
          as: placing ?? '',
          private: isPrivate,
        })),
      })),
    };
  }

  async function set(request: ApiRequest): Promise<SecretList> {
    const { name, value } = await readBody(request, setSecretSchema, MAX_BODY_BYTES);
    return show(await secrets.keepSecret(name, value));
  }

  async function remove(request: ApiRequest): Promise<SecretList> {
    const { name } = await readBody(request, removeSecretSchema, MAX_BODY_BYTES);
    return show(await secrets.keepSecret(name, null));
  }

  async function grant(request: ApiRequest): Promise<SecretList> {
    const asked = await readBody(request, grantSchema, MAX_BODY_BYTES);
    const host = await meantHost(store, asked);
    const rules = (asked.methods ?? [ANY.method]).map(
      (method): RequestRule => ({
        ...host,
        method,
        path: asked.path ?? ANY.path,
        isPrivate: asked.private === true,
        secret: asked.secret,
        placing: asked.as,
      }),
    );
    await secrets.addRequestRules(rules);
    return show(await secrets.secrets());
  }

  async function revoke(request: ApiRequest): Promise<SecretList> {
    const asked = await readBody(request, revokeSchema, MAX_BODY_BYTES);
    const { secret, method = null, path = null } = asked;
    await secrets.removeRequestRules({ ...(await meantHost(store, asked)), secret, method, path });
    return show(await secrets.secrets());
  }

  const json = (handle: (request: ApiRequest) => Promise<unknown>): Route['handle'] => {
    return async (request) => ({ status: 200, json: await handle(request) });
  };
  return [
    { method: 'GET', path: '/v1/secrets', handle: json(async () => show(await secrets.secrets())) },
    { method: 'PUT', path: '/v1/secrets', handle: json(set) },
    { method: 'POST', path: '/v1/secrets/remove', handle: json(remove) },
    { method: 'POST', path: '/v1/secrets/grant', handle: json(grant) },
    { method: 'POST', path: '/v1/secrets/revoke', handle: json(revoke) },
    {
      method: 'POST',
      path: '/v1/secrets/rotate',
      handle: json(async (): Promise<Rotated> => ({ sealed: await secrets.rotate() })),
    },
  ];
}

function toTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
