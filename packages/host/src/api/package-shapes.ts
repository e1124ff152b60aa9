/**
 * What is sent and got about packages, on the owner's socket alone. Types only.
 *
 *   GET  /v1/packages                                  -> PackageList
 *   POST /v1/packages/add          ChangePackages      -> PackageList (400 bad_packages, 409 no_images)
 *   POST /v1/packages/remove       ChangePackages      -> PackageList
 *   GET  /v1/packages/log?agent=&from=                 -> PackageLog
 */

export interface ChangePackages {
  /** Default: the first agent. */
  readonly agent?: string;
  /** Names of Debian packages. */
  readonly apt?: readonly string[];
  /** Names of npm packages, alone or as `name@1.2.3`. */
  readonly npm?: readonly string[];
}

/** Agents that have some. */
export interface PackageList {
  readonly packages: readonly PackageRow[];
}

export interface PackageRow {
  readonly agent: string;
  readonly apt: readonly string[];
  readonly npm: readonly string[];
  /** `building` and `failed`: the agent works with what it had before. */
  readonly state: 'building' | 'installed' | 'failed';
  /** Why it failed, in words; null otherwise. */
  readonly why: string | null;
}

export interface PackageLog {
  /** Of the last build, from the asked byte on; at most 64 KiB. */
  readonly text: string;
  /** Where it goes on. */
  readonly next: number;
  readonly state: 'none' | 'building' | 'installed' | 'failed';
  readonly why: string | null;
}
