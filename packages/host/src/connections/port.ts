/** What the rest of the host knows of its channels' connections. */

/**
 *   starting --platform takes us--> up
 *       ^  '--platform refuses us--> refused --back-off--> starting
 *       '------------------------------'
 */
export interface ConnectionState {
  readonly channel: string;
  readonly state: 'starting' | 'up' | 'refused';
  /** Why it is not up, in the adapter's words; null when it is, or nothing is known yet. */
  readonly reason: string | null;
  /** Starts that were refused since it was last up. */
  readonly refusals: number;
  /** When it is tried again; null when it is up, or being tried. */
  readonly retryAtMs: number | null;
}

export interface Connections {
  /** Of every channel, in the order in which they were given. */
  list(): readonly ConnectionState[];
  /** Whether this channel has started: only then is anything sent by it. */
  isUp(channel: string): boolean;
  /** A hint to people; passed on when the channel is up. Never throws. */
  typing(channel: string, chat: string, thread: string | null, on: boolean): void;
}

/** In words, for what waits for it; null when it is up, or not one of ours. */
export function whyDown(connection: ConnectionState | undefined): string | null {
  if (!connection || connection.state === 'up') return null;
  return `the channel ${connection.channel} has not started${connection.reason === null ? '' : `: ${connection.reason}`}`;
}
