/**
 * Session folders and the two files in them, from the host's side. The agent's own folder is agent-folder.ts's.
 *
 *   DATA/sessions/<agent>/<session>/in    the host writes, the sandbox reads
 *   DATA/sessions/<agent>/<session>/out   the sandbox writes; hostile to us (M10)
 *   DATA/files/<session>/<row>/<name>     our copies of what agents sent (M13)
 */
import { existsSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { outgoingName } from '@bellhop/mailbox';
import {
  InboundMailbox,
  isLater,
  needsUpgrade,
  readOutbound,
  type SnapshotLimits,
  upgradeApart,
} from '@bellhop/mailbox/host';
import { type Folders, makeFolder } from '../folders.ts';
import type { SessionId } from '../types.ts';
import { makeAgentFolder } from './agent-folder.ts';
import { damageOf } from './damage.ts';
import { hashName } from './names.ts';
import { MailboxBusy, MailboxDamaged, type Mailboxes, type SessionPaths } from './port.ts';
import { takeFile } from './take-file.ts';

/** The host waits this long for a lock, asynchronously; then the sandbox that holds it is stopped (M2). */
const LOCK_PATIENCE_MS = 2_000;
const LOCK_RETRY_MS = 2;

export function createMailboxes(folders: Folders, limits: SnapshotLimits): Mailboxes {
  const { dataDir } = folders;
  const made = new Set<SessionId>();
  const upgrades = new Map<string, Promise<void>>();
  // Whoever comes meanwhile waits for the same one.
  const upgraded = async (inDir: string): Promise<void> => {
    const running = upgrades.get(inDir);
    if (running) return running;
    if (!needsUpgrade(inDir)) return;
    const upgrade = patiently(() => upgradeApart(inDir)).finally(() => upgrades.delete(inDir));
    upgrades.set(inDir, upgrade);
    return upgrade;
  };
  const paths: Mailboxes['paths'] = (session): SessionPaths => {
    const dir = join(dataDir, 'sessions', session.agentId, session.id);
    const homeDir = join(dataDir, 'agents', session.agentId);
    return {
      homeDir,
      inDir: join(dir, 'in'),
      outDir: join(dir, 'out'),
      workDir: join(homeDir, 'files'),
      memoryDir: join(homeDir, 'memory'),
    };
  };
  return {
    paths,
    filesOf: (message) => join('files', hashName(message)),
    async make(session) {
      const { agentId, id } = session;
      if (made.has(id)) return;
      await makeFolder(folders, 'shared', 'sessions', agentId, id, 'in');
      await makeFolder(folders, 'shared', 'sessions', agentId, id, 'in', 'files');
      await makeFolder(folders, 'owned', 'sessions', agentId, id, 'out');
      await makeAgentFolder(folders, agentId);
      made.add(id);
    },
    async exists(session) {
      return (await lstat(join(paths(session).inDir, 'inbound.db')).catch(() => null)) !== null;
    },
    async inbound(session, work) {
      const { inDir } = paths(session);
      try {
        await upgraded(inDir);
        return await patiently(() => withMailbox(inDir, work));
      } catch (error) {
        const isThere = existsSync(inDir);
        // Made anew when its session is put back into service.
        if (!isThere) made.delete(session.id);
        const damage = damageOf(error, isThere);
        throw damage === null ? error : new MailboxDamaged(damage, { cause: error });
      }
    },
    async outbound(session, after, writerLives) {
      const { outDir } = paths(session);
      const deadline = performance.now() + LOCK_PATIENCE_MS;
      // Once a runner of ours has written here, a file of NanoClaw's is none: its agent has put it there.
      const wasOurs = after.ackSeq + after.rowSeq > 0;
      const bounds = wasOurs ? { ...limits, maxOldFileBytes: limits.maxFileBytes } : limits;
      for (;;) {
        const result = readOutbound(outDir, after, bounds);
        if (result.kind !== 'busy' || !writerLives() || performance.now() > deadline) return result;
        await delay(LOCK_RETRY_MS);
      }
    },
    async outboundBytes(session) {
      const found = await lstat(join(paths(session).outDir, 'outbound.db')).catch(() => null);
      return found?.size ?? 0;
    },
    takeFile: (session, outId, name, maxBytes) =>
      takeFile({
        from: paths(session).outDir,
        below: ['files', outId],
        to: join(dataDir, 'files', session.id, outId),
        name: outgoingName(name),
        asked: name,
        maxBytes,
      }),
  };
}

function withMailbox<T>(inDir: string, work: (mailbox: InboundMailbox) => T): T {
  const mailbox = InboundMailbox.open(inDir);
  try {
    return work(mailbox);
  } finally {
    mailbox.close();
  }
}

async function patiently<T>(work: () => T | Promise<T>): Promise<T> {
  const deadline = performance.now() + LOCK_PATIENCE_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isLater(error)) throw error;
      if (performance.now() > deadline) {
        throw new MailboxBusy(`inbound.db has been locked for ${LOCK_PATIENCE_MS} ms`);
      }
    }
    await delay(LOCK_RETRY_MS);
  }
}
