/** Approvals over a real store, with a session in the terminal, one of another agent and one on a foreign platform. */
import type { TestContext } from 'node:test';
import { localChat } from '@bellhop/channels/served';
import { Approvals } from '../../src/access/approvals.ts';
import type { HostAsk, HostGrant } from '../../src/egress/port.ts';
import { firstStart } from '../../src/first-start.ts';
import { listApprovals } from '../../src/store/approvals.ts';
import { acceptedRows } from '../../src/store/events.ts';
import { findOrOpenSession } from '../../src/store/sessions.ts';
import type { AgentId, Session, SessionId } from '../../src/types.ts';
import { openStoreWorld } from '../store-world.ts';

export const BY_TERMINAL = 'terminal:local';
export const BY_PAGE = 'web:local';

export type ApprovalsWorld = Awaited<ReturnType<typeof openApprovals>>;

export async function openApprovals(t: TestContext) {
  const world = await openStoreWorld(t);
  const { store, clock, log, agent } = world;
  await firstStart(store, 'demo', clock.now());
  const open = (id: string, channel: string, who: AgentId): Promise<Session> => {
    const wanted = { agent: who, mode: 'per-thread', channel, chat: localChat('bell'), thread: id } as const;
    return store.transaction((sql) => findOrOpenSession(sql, wanted, id as SessionId, clock.now()));
  };
  const session = await open('s1', 'terminal', agent.id);
  await open('s2', 'web', agent.id);
  await open('s3', 'fake', agent.id);
  const granted: HostGrant[] = [];
  const ended: string[] = [];
  const nudged: string[] = [];
  const egress = { down: false };
  const audit: string[] = [];
  const make = (): Approvals => {
    const approvals = new Approvals({
      store,
      clock,
      log,
      audit: {
        async record({ who, what, agent: whose, session: where, target, decision }) {
          if (egress.down) throw new Error('the egress process is not running');
          audit.push([who, what, whose, where, target, decision, granted.length].join(' '));
        },
      },
      policy: {
        async grantHost(grant) {
          if (egress.down) throw new Error('the egress process is not running');
          granted.push(grant);
        },
      },
      delivery: { send: async () => undefined },
      nudge: (id) => void nudged.push(id),
      ended: (_, id, end) => void ended.push(`${id} ${end}`),
    });
    t.after(() => approvals.stop());
    return approvals;
  };
  const approvals = make();
  const ask = (host = 'api.example.com', id = 's1', port = 443): HostAsk => {
    return { session: id, agent: agent.id, host, port };
  };
  return {
    ...world,
    ...{ approvals, make, session, granted, audit, ended, nudged, egress, ask },
    records: () => listApprovals(store.read, 1_000),
    /** The one that is asked, after asking for it. */
    async asked(host?: string) {
      await approvals.ask(ask(host));
      const found = await listApprovals(store.read, 1_000);
      const one = found.find(({ action }) => action.includes(host ?? 'api.example.com'));
      if (!one) throw new Error('nothing was asked');
      return one;
    },
    /** What the session's agent is told, in words. */
    async told(id = 's1'): Promise<string[]> {
      const rows = await acceptedRows(store.read, id as SessionId);
      return rows.map(({ rowJson }) => JSON.parse(JSON.parse(rowJson ?? '').message.content).text);
    },
    cards: async () =>
      (await world.rows("SELECT content FROM deliveries WHERE out_id LIKE 'notice:approval:%'")).map((row) =>
        JSON.parse(String(row.content)),
      ),
  };
}
