/** The data folder: that it can be used, whose it is, who may read what is secret in it, and what a dead host left. */
import { existsSync } from 'node:fs';
import { chmod, lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readNote, takeLock } from '../lock.ts';
import { whileNoHostRuns } from './alone.ts';
import { type Finding, type Look, ok } from './port.ts';

/** Nobody but the owner may read these; 0711 lets a root host's sandboxes walk through the folder itself. */
const SECRET: readonly (readonly [path: string, mode: number])[] = [
  ['egress', 0o700],
  ['egress/vault.json', 0o600],
  ['egress/vault.key', 0o600],
  ['egress/ca.json', 0o600],
  ['egress/audit.jsonl', 0o600],
  ['bellhop.sock', 0o600],
  ['host.json', 0o600],
];

export const lookAtFolder: Look = async ({ dataDir, uid, isUp }) => {
  const folder = await lstat(dataDir).catch(() => null);
  if (folder === null) {
    return [
      { id: 'data-folder', severity: 'info', what: `There is no ${dataDir} yet.`, fix: './bellhop up' },
    ];
  }
  if (folder.uid !== uid) {
    return [
      {
        id: 'data-owner',
        severity: 'error',
        promise: 28,
        what: `${dataDir} belongs to user ${folder.uid}, and you are ${uid}.`,
        fix: `Start Bellhop as its owner, or: sudo chown -R ${uid} ${dataDir}`,
      },
    ];
  }
  const wide = [
    ...(await openOnes(dataDir, [['.', uid === 0 ? 0o711 : 0o700]])),
    ...(await openOnes(dataDir, SECRET)),
  ];
  return [
    ok('data-folder', `Everything lies in ${dataDir}.`),
    ...(wide.length === 0 ? [ok('permissions', 'What is secret can be read by its owner alone.', 28)] : wide),
    ...brokenLock(dataDir),
    ...(isUp ? [] : staleNote(dataDir)),
  ];
};

async function openOnes(dataDir: string, table: typeof SECRET): Promise<Finding[]> {
  const found = await Promise.all(
    table.map(async ([name, most]): Promise<Finding[]> => {
      const path = join(dataDir, name);
      const stats = await lstat(path).catch(() => null);
      const mode = stats ? stats.mode & 0o777 : 0;
      if ((mode & ~most) === 0) return [];
      const wanted = (mode & most).toString(8).padStart(4, '0');
      return [
        {
          id: 'permissions',
          severity: 'error',
          promise: 28,
          what: `${path} can be reached by other users of this machine (${mode.toString(8).padStart(4, '0')}).`,
          fix: `chmod ${wanted} ${path}`,
          mend: async () => {
            await chmod(path, mode & most);
            return `${path} is ${wanted} now.`;
          },
        },
      ];
    }),
  );
  return found.flat();
}

/** No host can start with one that cannot be taken. */
function brokenLock(dataDir: string): Finding[] {
  const path = join(dataDir, 'host.lock');
  try {
    if (existsSync(path)) takeLock(dataDir)?.letGo();
    return [];
  } catch (error) {
    const what = `${path} cannot be used: ${(error as Error).message}.`;
    return [{ id: 'host-lock', severity: 'error', what, fix: `When no Bellhop runs here: rm ${path}` }];
  }
}

function staleNote(dataDir: string): Finding[] {
  const note = readNote(dataDir);
  if (note === null) return [];
  return [
    {
      id: 'dead-host',
      severity: 'warning',
      what: `A host (process ${note.pid}) died here without stopping; what it had accepted goes on with the next start.`,
      fix: './bellhop up',
      mend: () =>
        whileNoHostRuns(dataDir, async () => {
          await rm(join(dataDir, 'host.json'), { force: true });
          await rm(join(dataDir, 'bellhop.sock'), { force: true });
          return 'Its note and its socket are removed.';
        }),
    },
  ];
}
