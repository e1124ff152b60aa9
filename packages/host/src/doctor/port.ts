/** What the doctor looks at, and what it finds. */
import type { Egress, KeyState, Policy } from '../egress/port.ts';
import type { SandboxRuntime } from '../sandboxes/port.ts';
import type { TimeZone } from '../time-zone.ts';

export type Severity = 'ok' | 'info' | 'warning' | 'error';

/** One line of `bellhop doctor --json`. */
export interface Check {
  readonly id: string;
  readonly severity: Severity;
  /** Number of the security promise that it is about, or that is weakened (docs/SECURITY.md). */
  readonly promise?: number;
  /** A sentence. */
  readonly what: string;
  /** What a person types or does; '' when there is nothing to do. */
  readonly fix: string;
}

export interface Finding extends Check {
  /** Does what is safe to do, and says what it did; rejects when it could not. Only there when --fix may do it. */
  readonly mend?: () => Promise<string>;
}

export interface Ground {
  readonly dataDir: string;
  readonly uid: number;
  readonly nowMs: number;
  /** A host runs on this data, or nobody can tell. */
  readonly isUp: boolean;
  readonly version: string;
  /** Of this terminal: what a host that is started from it would use. */
  readonly timeZone: TimeZone;
  /** Every real sandbox there is; on a scratch folder, so that what runs is not touched. */
  readonly runtimes: readonly SandboxRuntime[];
  /** Null: nothing was ever started here. */
  readonly installId: string | null;
  /** A way out of its own, on a scratch folder. */
  readonly openWayOut: () => Promise<WayOut>;
  /** Names of stored and found keys. Throws when the vault cannot be read. */
  readonly keys: () => readonly KeyState[];
  /** Names of the owner's secrets that the vault's key does not open. Throws like `keys`. */
  readonly closedSecrets: () => readonly string[];
}

export interface WayOut {
  readonly egress: Egress & Policy;
  /** For the door's socket. */
  readonly folder: string;
  stop(): Promise<void>;
}

/** Never rejects for what is wrong with the machine; what it throws is shown as a finding of its own. */
export type Look = (ground: Ground) => Promise<readonly Finding[]>;

export function ok(id: string, what: string, promise?: number): Finding {
  return { id, severity: 'ok', what, fix: '', ...(promise === undefined ? {} : { promise }) };
}
