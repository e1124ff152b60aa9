/**
 * Is package-lock.json whole? Two things go wrong in silence, and `npm install` reports neither:
 *
 * - package.json and the lockfile disagree: a fresh clone then gets whatever version is newest that day;
 * - npm leaves the binaries of other platforms out of a lockfile (npm/cli#4828), when it was made beside a node_modules
 *   of one platform, or from a registry that lacks them: a Mac then installs a tool without its binary, and `npm ci`
 *   refuses the file everywhere.
 *
 * A missing binary's version is exact in the package that wants it, and platform and processor are in its name, so its
 * entry can be written without having seen it; only its checksum stays unknown.
 */

export interface LockEntry {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly optional?: boolean;
  readonly dev?: boolean;
  readonly os?: unknown;
  readonly cpu?: unknown;
  readonly libc?: unknown;
}

export interface Lockfile {
  readonly packages: Readonly<Record<string, LockEntry>>;
}

const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'] as const;
const PROCESSORS = ['arm64', 'x64', 'arm', 'ia32', 'ppc64', 'riscv64', 's390x', 'wasm32'] as const;

/** Entries that optional dependencies name and the lockfile lacks: path in node_modules to the entry to add. */
export function missingEntries(lock: Lockfile): Record<string, LockEntry> {
  const missing: Record<string, LockEntry> = {};
  for (const [path, owner] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
      if (lock.packages[`node_modules/${name}`] || lock.packages[`${path}/node_modules/${name}`]) continue;
      missing[`node_modules/${name}`] = entryFor(name, version, owner.dev === true);
    }
  }
  return missing;
}

function entryFor(name: string, version: string, dev: boolean): LockEntry {
  if (!/^\d+\.\d+\.\d+$/.test(version)) throw new Error(`${name}@${version} is not one exact version`);
  const parts = name.split(/[/-]/);
  const os = SYSTEMS.filter((system) => parts.includes(system));
  const cpu = PROCESSORS.filter((processor) => parts.includes(processor));
  const libc = parts.includes('musl') ? ['musl'] : parts.includes('gnu') ? ['glibc'] : [];
  return {
    version,
    ...(cpu.length > 0 ? { cpu } : {}),
    ...(dev ? { dev } : {}),
    ...(libc.length > 0 ? { libc } : {}),
    optional: true,
    ...(os.length > 0 ? { os } : {}),
  };
}

export function completed(lock: Lockfile): Lockfile {
  const packages = Object.entries({ ...lock.packages, ...missingEntries(lock) });
  return { ...lock, packages: Object.fromEntries(packages.sort(([a], [b]) => (a < b ? -1 : 1))) };
}

const KINDS = ['dependencies', 'devDependencies', 'optionalDependencies'] as const;

/** Where a package.json (by its folder; '' = the root) and its entry in the lockfile differ, in words. */
export function disagreements(lock: Lockfile, manifests: Readonly<Record<string, LockEntry>>): string[] {
  return Object.entries(manifests).flatMap(([folder, manifest]) => {
    const locked = lock.packages[folder];
    if (!locked) return [`${folder} is not in package-lock.json`];
    return KINDS.flatMap((kind) => {
      const [wanted, known] = [manifest[kind] ?? {}, locked[kind] ?? {}];
      const names = [...new Set([...Object.keys(wanted), ...Object.keys(known)])];
      return names
        .filter((name) => wanted[name] !== known[name])
        .map(
          (name) =>
            `${folder || '.'}: ${name} is ${wanted[name] ?? 'not wanted'}, locked ${known[name] ?? 'not'}`,
        );
    });
  });
}
