/**
 * The port behind which a sandbox runtime hides (Docker, bubblewrap …).
 *
 * A sandbox is one life of one runner: a *generation*. Before `start` is called its intent is on disk under a mark; the
 * mark can be found again by `leftovers` in whatever the dead host left running, so that no session ever has two.
 * Ends of the runtime itself (no engine, no memory, no binary) are SandboxUnavailable: they cost no try (design.md §4).
 */

export interface SandboxMount {
  /** Absolute path on the host, inside the data folder unless `folder` is given. */
  readonly source: string;
  /** Absolute path inside the sandbox. */
  readonly target: string;
  readonly writable: boolean;
  /** Which folder must lie there (`device:inode`): the sandbox looks when it stands, and runs nothing with another one. */
  readonly folder?: string;
}

/** What one sandbox may take of the machine. */
export interface SandboxLimits {
  readonly memoryBytes: number;
  /** Processes and threads. */
  readonly pids: number;
  /** Of one processor: 0.5 is half of one. */
  readonly cpus: number;
  /** The longest file. */
  readonly fileBytes: number;
}

const GIB = 1024 ** 3;
/** Enough for a browser or a compiler; a machine of 4 GiB survives two of them gone wild. */
export const DEFAULT_LIMITS: SandboxLimits = { memoryBytes: GIB, pids: 256, cpus: 1, fileBytes: GIB };

export interface SandboxSpec {
  /** `bellhop:<install id>:<session>:<generation>`; unique, found again after a crash of the host. */
  readonly mark: string;
  readonly mounts: readonly SandboxMount[];
  readonly workDir: string;
  readonly env: Readonly<Record<string, string>>;
  /** The program and its arguments, paths inside the sandbox. */
  readonly command: readonly string[];
  readonly limits: SandboxLimits;
  /** One of the runtime's `images`; by default what every agent has. */
  readonly image?: string;
}

/** Of packages; each has passed packages/names.ts. */
export interface PackageNames {
  readonly apt: readonly string[];
  readonly npm: readonly string[];
}

export interface PackageBuild {
  readonly agent: string;
  readonly names: PackageNames;
  /** As `nameOf` said. */
  readonly image: string;
  /** What the build says, for the owner; words of strangers. */
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Images with packages of an agent's own, made beside what runs. */
export interface PackageImages {
  /** The image for this list; another list, agent or base has another one. Rejects with SandboxUnavailable. */
  nameOf(agent: string, names: PackageNames): Promise<string>;
  /** Builds it and runs the self-test in it; what is there already is not built again. A build that fails is a refusal. */
  build(build: PackageBuild): Promise<SelfTest>;
  /** Which of these are there. */
  present(images: readonly string[]): Promise<readonly string[]>;
  /** Removes all others of this install, but for those that something runs on. */
  keepOnly(images: readonly string[]): Promise<void>;
}

export interface SandboxExit {
  /** Code and signal are both null for a sandbox that was taken over: only its parent learns how it ended. */
  readonly code: number | null;
  readonly signal: string | null;
  /** The last output on stdout and stderr, at most 16 KiB, for the operator (W18); '' when taken over. */
  readonly output: string;
  /** What it was ended for, as far as the runtime knows: it went over a limit. Null when it ended otherwise. */
  readonly why: string | null;
}

export interface RunningSandbox {
  readonly mark: string;
  /** Who that process is: boot id, pid and start time, or a container id. Opaque; stored with the generation. */
  readonly identity: string;
  /** Resolves once, when nothing of the sandbox runs any more. Never rejects. */
  readonly exited: Promise<SandboxExit>;
  /** Kills everything inside and resolves when it is verified gone. Safe twice. */
  kill(): Promise<void>;
}

export interface Leftover {
  readonly mark: string;
  /** Kills it and resolves when it is verified gone. */
  kill(): Promise<void>;
}

export type SelfTest =
  | { readonly ok: true; readonly warnings?: readonly string[] }
  /** `absent`: there is nothing of it on this machine, which nobody needs to be told. */
  | {
      readonly ok: false;
      readonly why: string;
      readonly install: string;
      readonly absent?: boolean;
      /** The package of the system that is missing, by its name in Debian: with it the test may pass. */
      readonly lacks?: string | undefined;
    };

export interface SandboxRuntime {
  readonly kind: 'docker' | 'bwrap' | 'none';
  /** Said on every reply when the runtime protects nothing; null for a real sandbox. */
  readonly warning: string | null;
  /** Paths inside the sandbox where the host's directories appear. For `none` they are the host's own. */
  inside(mount: SandboxMount): string;
  /** Makes ready what is missing, starts a real sandbox and looks from inside whether it holds. */
  selfTest(): Promise<SelfTest>;
  /** Resolves when the process exists (not when the runner is ready). Rejects with SandboxUnavailable. */
  start(spec: SandboxSpec): Promise<RunningSandbox>;
  /**
   * Takes over what an earlier host process started: from now on it is this runtime's own, with all that `start`
   * promises but exit code and output. Null when that sandbox does not run *whole* (it is gone, half of it is, the
   * machine was booted since, the identity is another's), and always from a runtime that cannot take over: the caller
   * then kills what is left under the mark by `leftovers`. A stopped (SIGSTOP) sandbox is whole; whether it still works
   * is for its runner to say. Kills nothing; never rejects.
   */
  adopt(mark: string, identity: string): Promise<RunningSandbox | null>;
  /** What runs of this install (marks beginning with `bellhop:<install id>:`) and was neither started nor taken over by this process. */
  leftovers(installId: string): Promise<readonly Leftover[]>;
  /** Left out by a runtime that shows the machine's own programs. */
  readonly images?: PackageImages;
}

/** The runtime cannot start anything now; the session is not to blame and no try is charged. */
export class SandboxUnavailable extends Error {
  override readonly name = 'SandboxUnavailable';
  /** What the operator types or installs next. */
  readonly hint: string;
  /** As in SelfTest. */
  readonly lacks: string | undefined;
  constructor(message: string, hint: string, lacks?: string) {
    super(message);
    this.hint = hint;
    this.lacks = lacks;
  }
}
