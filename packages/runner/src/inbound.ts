/**
 * One look into `inbound.db`. While the host is in mid-commit, or dead in the middle of one, the look waits: the host
 * recovers its file when it is back, and until then nothing is wrong here (M2).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { InboundReader, isLater } from '@bellhop/mailbox/runner';

const RETRY_MS = 20;

export async function readInbound<T>(inDir: string, look: (inbound: InboundReader) => T): Promise<T> {
  for (;;) {
    try {
      const inbound = InboundReader.open(inDir);
      try {
        return look(inbound);
      } finally {
        inbound.close();
      }
    } catch (error) {
      if (!isLater(error)) throw error;
      await delay(RETRY_MS);
    }
  }
}
