/** What `./bellhop status` shows. */

import type { ConnectionState, Connections } from '../connections/port.ts';
import type { Models } from '../model/port.ts';
import type { SandboxRuntime } from '../sandboxes/port.ts';
import { listAgents } from '../store/agents.ts';
import { countAsked } from '../store/approvals.ts';
import { countFailedTargets, countOpenTargets } from '../store/events.ts';
import type { Store } from '../store/port.ts';
import { countSessions } from '../store/sessions.ts';
import type { Supervisor } from '../supervisor/port.ts';
import type { ChannelStatus, Status } from './contract.ts';

export function createStatusReader(deps: {
  readonly store: Store;
  readonly supervisor: Supervisor;
  readonly models: Models;
  readonly connections: Connections;
  readonly runtime: SandboxRuntime;
  readonly folders: { readonly dataDir: string };
  readonly version: string;
  readonly timeZone: string;
  readonly url: string;
  readonly startedMs: number;
}): () => Promise<Status> {
  const { store, supervisor, models, connections, runtime } = deps;
  return async () => {
    const { awake, working, waitingFor } = supervisor.summary();
    const sessions = await countSessions(store.read);
    const open = await countOpenTargets(store.read);
    return {
      version: deps.version,
      pid: process.pid,
      url: deps.url,
      data: deps.folders.dataDir,
      startedAt: new Date(deps.startedMs).toISOString(),
      timeZone: deps.timeZone,
      sandbox: { kind: runtime.kind, warning: runtime.warning },
      agents: (await listAgents(store.read)).map((agent) => {
        const { harness, endpoint } = models.of(agent);
        return { name: agent.name, harness, demo: harness === 'demo', model: endpoint?.model ?? null };
      }),
      sessions: { ...sessions, awake },
      messages: {
        waiting: Math.max(0, open - working),
        working,
        failed: await countFailedTargets(store.read),
      },
      channels: connections.list().map(toChannel),
      waitingFor,
      approvals: await countAsked(store.read, null),
    };
  };
}

function toChannel({ channel, state, reason, refusals, retryAtMs }: ConnectionState): ChannelStatus {
  const retryAt = retryAtMs === null ? null : new Date(retryAtMs).toISOString();
  return { name: channel, state, reason, refusals, retryAt };
}
