/** A real host with bubblewrap, and a channel that notes every reply: its thread, its text, its time. */
import { type BenchHost, openHost } from '../host/open.ts';

const PATIENCE_MS = 180_000;

export interface Reply {
  readonly thread: string;
  readonly text: string;
  readonly atMs: number;
}

export interface HostWithReplies extends Pick<BenchHost, 'say' | 'quiet' | 'stop'> {
  readonly replies: Reply[];
  /** Resolves when there are so many replies; rejects when none has come for minutes. */
  until(count: number): Promise<void>;
}

export async function openWithReplies(dataDir: string, maxAwake: number): Promise<HostWithReplies> {
  const replies: Reply[] = [];
  const watch = { onReply: (): void => undefined };
  const { say, quiet, stop } = await openHost({
    ...{ dataDir, sandbox: 'bwrap', settings: { maxAwake } },
    watched: (channel) => ({
      ...channel,
      send(message, signal) {
        const { content, thread } = message;
        const text = content.kind === 'text' ? content.text : content.kind;
        replies.push({ thread: thread ?? '', text, atMs: performance.now() });
        watch.onReply();
        return channel.send(message, signal);
      },
    }),
  });
  return {
    ...{ replies, say, quiet, stop },
    until(count) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const silent = () => reject(new Error(`${replies.length} of ${count} replies came`));
      const failed = setTimeout(silent, PATIENCE_MS);
      watch.onReply = () => {
        failed.refresh();
        if (replies.length >= count) resolve();
      };
      watch.onReply();
      return promise.finally(() => clearTimeout(failed));
    },
  };
}
