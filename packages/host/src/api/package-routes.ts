/** Packages of agents: for the owner at this machine. Who may have which name is packages/names.ts's to judge. */
import * as v from 'valibot';
import { BadPackages, type Packages } from '../packages/port.ts';
import { listAgents } from '../store/agents.ts';
import type { Store } from '../store/port.ts';
import type { PackageList, PackageLog } from './contract.ts';
import { Problem } from './problem.ts';
import { findAgent, nameSchema, readBody } from './routes/input.ts';
import type { ApiRequest, Route } from './routing.ts';

const MAX_BODY_BYTES = 16 * 1024;
const EXAMPLE = 'As in: ./bellhop packages add --apt graphviz --npm prettier@3.6.2';

const names = v.optional(v.pipe(v.array(v.string()), v.maxLength(100)), []);
export const changePackagesSchema = v.strictObject({ agent: v.optional(nameSchema), apt: names, npm: names });

export interface PackageRoutesDeps {
  readonly store: Store;
  readonly packages: Packages;
}

export function packageRoutes({ store, packages }: PackageRoutesDeps): readonly Route[] {
  async function show(): Promise<PackageList> {
    const views = (await listAgents(store.read)).map(({ id, name }) => ({
      ...packages.view(id),
      agent: name,
    }));
    return {
      packages: views.flatMap(({ state, ...view }) => (state === 'none' ? [] : [{ ...view, state }])),
    };
  }

  async function change(request: ApiRequest, verb: 'add' | 'remove'): Promise<PackageList> {
    const { agent, apt, npm } = await readBody(request, changePackagesSchema, MAX_BODY_BYTES);
    if (verb === 'add' && packages.impossible !== null) {
      const { why, hint } = packages.impossible;
      throw new Problem(409, 'no_images', why, hint);
    }
    if (apt.length + npm.length === 0) throw new Problem(400, 'bad_packages', 'no package is named', EXAMPLE);
    const { id } = await findAgent(store, agent);
    try {
      await packages[verb](id, { apt, npm });
    } catch (error) {
      if (!(error instanceof BadPackages)) throw error;
      throw new Problem(400, 'bad_packages', error.message, EXAMPLE);
    }
    return show();
  }

  async function readLog({ query }: ApiRequest): Promise<PackageLog> {
    const { id } = await findAgent(store, query.get('agent') ?? undefined);
    const from = Number(query.get('from') ?? 0);
    if (!Number.isSafeInteger(from) || from < 0)
      throw new Problem(400, 'bad_request', 'from is not a number of bytes', 'Leave it out.');
    // First the state: what is said until then is in the log when it has ended.
    const { state, why } = packages.view(id);
    return { ...(await packages.readLog(id, from)), state, why };
  }

  const json = (handle: (request: ApiRequest) => Promise<unknown>): Route['handle'] => {
    return async (request) => ({ status: 200, json: await handle(request) });
  };
  return [
    { method: 'GET', path: '/v1/packages', handle: json(show) },
    { method: 'POST', path: '/v1/packages/add', handle: json((request) => change(request, 'add')) },
    { method: 'POST', path: '/v1/packages/remove', handle: json((request) => change(request, 'remove')) },
    { method: 'GET', path: '/v1/packages/log', handle: json(readLog) },
  ];
}
