/** settings.json and how the host was started: what can be read, and what weakens a promise on purpose. */

import { homedir } from 'node:os';
import { parse, sep } from 'node:path';
import { readNote } from '../lock.ts';
import { readSettings } from '../settings.ts';
import type { Settings } from '../types.ts';
import { type Finding, type Look, ok } from './port.ts';

const HUGE = 64 * 1024 ** 3;
const MANY_PIDS = 4_096;

export const lookAtSettings: Look = async ({ dataDir, isUp }) => {
  const found = [...settings(dataDir), ...(isUp ? running(dataDir) : [])];
  return found;
};

function settings(dataDir: string): Finding[] {
  try {
    const weak = weaknesses(readSettings(dataDir));
    return weak.length === 0 ? [ok('settings', 'No setting weakens a promise.')] : weak;
  } catch (error) {
    const { message, hint } = error as Error & { hint?: string };
    return [{ id: 'settings', severity: 'error', what: `${message}.`, fix: hint ?? 'Mend settings.json.' }];
  }
}

/** Pure; each has an id of its own. */
export function weaknesses(settings: Settings): Finding[] {
  const { limits, agentLimits, mountRoots, hostNames, minFreeDiskBytes } = settings;
  const found: Finding[] = [];
  const warn = (id: string, promise: number, what: string, fix: string) =>
    found.push({ id, severity: 'warning', promise, what, fix });
  for (const [whose, own] of [['all agents', limits] as const, ...Object.entries(agentLimits)]) {
    if ((own.memoryBytes ?? 0) > HUGE || (own.pids ?? 0) > MANY_PIDS || (own.diskBytes ?? 0) > HUGE)
      warn(
        'limits',
        4,
        `The limits of ${whose} are so wide that they bound nothing.`,
        'Lower them in settings.json.',
      );
  }
  if (minFreeDiskBytes === 0)
    warn('disk-reserve', 4, 'No space is kept free on the disk.', 'Set minFreeDiskBytes in settings.json.');
  for (const { path, writable } of mountRoots) {
    const isWide = path === parse(path).root || path === homedir() || homedir().startsWith(path + sep);
    if (isWide)
      warn(
        'mounts',
        25,
        `Agents may be shown all of ${path}.`,
        'Name the folders themselves in mountRoots of settings.json.',
      );
    else if (writable)
      found.push({
        id: 'mounts-writable',
        severity: 'info',
        promise: 25,
        what: `Agents may be let write in ${path}.`,
        fix: 'Leave out "writable" in mountRoots of settings.json, if they need not.',
      });
  }
  if (hostNames.length > 0)
    found.push({
      id: 'host-names',
      severity: 'info',
      what: `The page answers to ${hostNames.join(', ')} as well.`,
      fix: '',
    });
  return found;
}

function running(dataDir: string): Finding[] {
  const note = readNote(dataDir);
  if (note === null) return [];
  const host = new URL(note.url).hostname;
  const isLocal = host.startsWith('127.') || host === '[::1]' || host === 'localhost';
  const none: Finding = {
    id: 'no-sandbox',
    severity: 'error',
    promise: 1,
    what: 'Agents run WITHOUT a sandbox: they can do all that you can.',
    fix: './bellhop stop, then ./bellhop up without --sandbox none',
  };
  const others: Finding = {
    id: 'page-address',
    severity: 'warning',
    what: `The page is reached from other machines, at ${note.url}, in plain HTTP.`,
    fix: 'Put a proxy with TLS before it, or start without --host.',
  };
  return [
    ok('host', `Bellhop runs at ${note.url} (process ${note.pid}).`),
    ...(note.sandbox === 'none' ? [none] : []),
    ...(isLocal ? [] : [others]),
  ];
}
