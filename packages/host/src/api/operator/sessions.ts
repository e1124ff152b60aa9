/** The sessions there are, what each takes on disk, and the way back of one that was put out of service. */
import { join } from 'node:path';
import type { Mailboxes } from '../../sessions/port.ts';
import type { Store } from '../../store/port.ts';
import { type ListedSession, listSessions, sessionById } from '../../store/sessions.ts';
import type { Supervisor } from '../../supervisor/port.ts';
import type { SessionId } from '../../types.ts';
import { Problem } from '../problem.ts';
import type { ApiRequest, Route } from '../routing.ts';
import { bytesBelow } from './disk.ts';
import { idIn } from './id.ts';
import type { Done, SessionList, SessionView } from './shapes.ts';

const MAX_LISTED = 200;

export interface SessionDeps {
  readonly store: Store;
  readonly mailboxes: Mailboxes;
  readonly supervisor: Pick<Supervisor, 'release' | 'awake'>;
  readonly dataDir: string;
}

export function sessionRoutes(deps: SessionDeps): readonly Route[] {
  const { store, mailboxes, supervisor } = deps;

  async function releaseSession(id: string | undefined): Promise<Done> {
    const session = await sessionById(store.read, idIn(id) as SessionId);
    const hint = 'See which there are: ./bellhop sessions list';
    if (!session) throw new Problem(404, 'no_such_session', 'there is no such session', hint);
    if (!(await supervisor.release(session.id)))
      throw new Problem(409, 'in_service', 'this session is not out of service', hint);
    return { sessions: [session.id] };
  }

  async function toSession(listed: ListedSession, nowAwake: ReadonlySet<string>): Promise<SessionView> {
    const { inDir, outDir } = mailboxes.paths(listed);
    return {
      session: listed.id,
      agent: listed.agent,
      channel: listed.channel,
      chat: listed.chat,
      thread: listed.thread,
      state: listed.state,
      reason: listed.stateReason,
      awake: nowAwake.has(listed.id),
      createdAt: new Date(listed.createdMs).toISOString(),
      diskBytes: await bytesBelow([inDir, outDir, join(deps.dataDir, 'files', listed.id)]),
    };
  }

  async function list({ query }: ApiRequest): Promise<SessionList> {
    const found = await listSessions(store.read, query.get('quarantined') === '1', MAX_LISTED);
    const awake = new Set<string>(supervisor.awake());
    return { sessions: await Promise.all(found.map((one) => toSession(one, awake))) };
  }

  return [
    {
      method: 'GET',
      path: '/v1/sessions',
      handle: async (request) => ({ status: 200, json: await list(request) }),
    },
    {
      method: 'POST',
      path: '/v1/sessions/:id/release',
      handle: async (_, id) => ({ status: 202, json: await releaseSession(id) }),
    },
  ];
}
