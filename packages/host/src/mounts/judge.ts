/**
 * Whether a folder may be shown to an agent: facts in, a reason against it or null out. Closed by default.
 *
 * Paths are real ones, links followed. They are compared by whole segments: /home/me/work does not allow /home/me/works.
 */
import { sep } from 'node:path';
import type { ShownFolder } from '../types.ts';

/** Secrets by the name of their file or folder, anywhere below; compared without regard to case. */
const SECRETS = new Set([
  ...['.ssh', '.gnupg', '.aws', '.azure', '.gcloud', 'gcloud', '.kube', '.docker', '.password-store'],
  ...['.netrc', '.git-credentials', '.pgpass', '.vault-token', '.pypirc'],
  ...['id_rsa', 'id_dsa', 'id_ecdsa', 'id_ed25519', 'keychains', 'keyrings', '.keychain', 'kwalletd'],
  ...['docker.sock', 'podman.sock', 'containerd.sock', 'crio.sock'],
]);

/** Of the machine's: never, nor what lies in them. */
const SYSTEM = ['/proc', '/sys', '/dev', '/run', '/var/run', '/var/lib/docker', '/boot', '/etc'];

export interface FolderFacts {
  /** The real path. */
  readonly path: string;
  readonly writable: boolean;
  /** Real paths. */
  readonly roots: readonly ShownFolder[];
  /** Real paths of what is ours: the data folder, the program. */
  readonly own: readonly string[];
  /** Where something is mounted on this machine. */
  readonly mountPoints: readonly string[];
}

/** Before anybody looks into it. */
export function judgeFolder({ path, writable, roots, own, mountPoints }: FolderFacts): string | null {
  const allowing = roots.filter((root) => isWithin(path, root.path));
  if (allowing.length === 0) return 'it lies in none of mountRoots';
  if (writable && !allowing.some((root) => root.writable)) return 'no entry of mountRoots lets it be written';
  const secret = path.split(sep).find(isSecret);
  if (secret !== undefined) return `${secret} in its path holds secrets`;
  const system = SYSTEM.find((place) => overlap(path, place));
  if (system !== undefined) return `${system} is the machine's own`;
  const ours = own.find((place) => overlap(path, place));
  if (ours !== undefined) return `${ours} is Bellhop's own`;
  // An engine may leave those writable below a mount that is read-only.
  const mounted = mountPoints.find((place) => place !== path && isWithin(place, path));
  return mounted === undefined ? null : `something else is mounted in it, at ${mounted}`;
}

/** Of one name below the folder; a socket leads out of the sandbox, whoever listens. */
export function judgeEntry(path: string, name: string, isSocket: boolean): string | null {
  if (isSecret(name)) return `${path} holds secrets`;
  return isSocket ? `${path} is a socket` : null;
}

export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function overlap(one: string, other: string): boolean {
  return isWithin(one, other) || isWithin(other, one);
}

function isSecret(name: string): boolean {
  const plain = name.toLowerCase();
  return SECRETS.has(plain) || plain.endsWith('.keychain-db');
}
