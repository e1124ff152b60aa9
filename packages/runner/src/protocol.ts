/**
 * The frames on a session's socket (design.md §4): one JSON object a line, at most MAX_FRAME_BYTES each way.
 *
 * Nothing durable travels here. A lost or doubled frame changes when something happens, never whether: rows are in the
 * mailbox, and both sides look again after POLL_MS. The host treats what it reads as hostile and drops what it cannot
 * parse.
 */

export const MAX_FRAME_BYTES = 64 * 1024;

/** The runner's safety poll, in milliseconds; covers a lost bell. */
export const POLL_MS = 5_000;

/** How often a runner says that it is alive while a turn runs, in milliseconds. */
export const BEAT_MS = 2_000;

export type HostFrame =
  /** Look at inbound.db. */
  | { readonly t: 'bell' }
  /** Finish the running turn if it ends in time, take no other, then exit. */
  | { readonly t: 'stop' }
  /** A person ended the running turn: commit it as failed. */
  | { readonly t: 'cancel' };

export type RunnerFrame =
  /** First frame: which generation this is. */
  | { readonly t: 'ready'; readonly generation: number }
  /** Something was committed to outbound.db. */
  | { readonly t: 'bell' }
  /** A turn has claimed these messages (inbound ids). */
  | { readonly t: 'working'; readonly turn: string; readonly messages: readonly string[] }
  /** A tool begins (`ok` null) or ends; `n` counts the tools of the turn. */
  | {
      readonly t: 'tool';
      readonly turn: string;
      readonly n: number;
      readonly name: string;
      readonly detail: string;
      readonly ok: boolean | null;
    }
  /** The next piece of text of the running turn; `whole`: in place of what was shown of it. */
  | { readonly t: 'live'; readonly turn: string; readonly text: string; readonly whole?: true }
  /** Alive. `progress` grows whenever the harness did something; a beat without growth is life without progress. */
  | { readonly t: 'beat'; readonly progress: number }
  /** No turn is running and nothing is due for this runner. */
  | { readonly t: 'idle' };

/** What the host tells a runner at its start, as one JSON argument. Paths are those inside the sandbox. */
export interface RunnerConfig {
  readonly session: string;
  readonly generation: number;
  readonly harness: string;
  readonly agentName: string;
  readonly inDir: string;
  readonly outDir: string;
  readonly workDir: string;
  readonly memoryDir: string;
  /** Read-only inside; holds AGENT.md. */
  readonly homeDir: string;
  /** Folders of the owner's own. */
  readonly extraDirs: readonly ExtraDir[];
  /** Folders of instructions that the owner turned on for this agent; read-only, and text to the runner. */
  readonly skills: readonly Skill[];
  readonly socketPath: string;
  /** The sandbox's one way out: the egress process listens there. '' when there is none. */
  readonly egressSocketPath: string;
  /** Null when no model is connected: then the harness is one that needs none. */
  readonly model: ModelConfig | null;
  readonly batchSize: number;
  readonly contextRows: number;
  /** Largest file that the agent may send, in bytes. */
  readonly maxFileBytes: number;
  /** `recover`: open outbound.db once so that SQLite rolls a hot journal back, then exit 0 (M11). */
  readonly mode: 'run' | 'recover';
}

export interface Skill {
  readonly name: string;
  /** One line. */
  readonly description: string;
  /** Holds SKILL.md. */
  readonly path: string;
}

export interface ExtraDir {
  readonly path: string;
  readonly writable: boolean;
}

/** Which model the agent speaks to, without its key: that is added outside of the sandbox. */
export interface ModelConfig {
  /** `openai` is the Responses API; `openai-chat` Chat Completions. */
  readonly provider:
    | 'anthropic'
    | 'openai'
    | 'openai-chat'
    | 'google'
    | 'openrouter'
    | 'ollama'
    | 'compatible';
  readonly model: string;
  readonly contextTokens: number;
  readonly maxOutputTokens: number;
  /** Whether it takes images. */
  readonly images: boolean;
}
