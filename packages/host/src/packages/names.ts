/**
 * What may be the name of a package: the one judge, whoever asks. Pure; closed by default.
 *
 * A name that passes is no option, no path, no address and no word of a shell, and does not mean "remove" or "from that
 * release" to apt. A version is taken for npm alone, and only an exact one: Debian keeps no old ones.
 */
import type { PackageNames } from '../sandboxes/port.ts';

export const MAX_PACKAGES = 20;
const MAX_LENGTH = 128;

const APT = /^[a-z0-9][a-z0-9._+-]*$/;
const NPM = /^(@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*(@\d+\.\d+\.\d+(-[a-z0-9.-]+)?)?$/;
/** To npm the name of a file. */
const ARCHIVE = /\.(tgz|tar|tar\.gz)$/;

/** Why these may not be installed, in words; null when they may. */
export function judgeNames({ apt, npm }: PackageNames): string | null {
  if (apt.length + npm.length > MAX_PACKAGES) return `an agent has at most ${MAX_PACKAGES} packages`;
  const badApt = apt.find((name) => !isAptName(name));
  if (badApt !== undefined) return `${JSON.stringify(badApt)} is not the name of a Debian package`;
  const badNpm = npm.find((name) => !isNpmName(name));
  if (badNpm !== undefined)
    return `${JSON.stringify(badNpm)} is not the name of an npm package, alone or with one exact version`;
  return null;
}

function isAptName(name: string): boolean {
  // `bash-` is bash to be removed.
  return name.length <= MAX_LENGTH && APT.test(name) && !name.endsWith('-');
}

function isNpmName(name: string): boolean {
  return name.length <= MAX_LENGTH && NPM.test(name) && !ARCHIVE.test(name);
}

/** Sorted, each once: the same packages are the same list. */
export function together(one: PackageNames, other: PackageNames): PackageNames {
  return { apt: union(one.apt, other.apt), npm: union(one.npm, other.npm) };
}

export function without(one: PackageNames, other: PackageNames): PackageNames {
  return {
    apt: one.apt.filter((name) => !other.apt.includes(name)),
    npm: one.npm.filter((name) => !other.npm.includes(name)),
  };
}

export function isNone({ apt, npm }: PackageNames): boolean {
  return apt.length + npm.length === 0;
}

function union(one: readonly string[], other: readonly string[]): string[] {
  return [...new Set([...one, ...other])].sort();
}
