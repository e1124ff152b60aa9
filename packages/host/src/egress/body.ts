/** A request's body, read whole before anything goes out: only then is it known what it asks for. */
import type { IncomingMessage } from 'node:http';
import { MAX_BODY_BYTES } from './judge.ts';
import { REFUSALS, type Refusal } from './refusals.ts';

/** Bodies that are held, of one session or of all: none is read that would be more than the most. */
export interface Held {
  bytes: number;
  readonly mostBytes: number;
}

export type ReadBody =
  /** `release` when it is held no more. */
  | { readonly kind: 'read'; readonly bytes: Buffer; readonly release: () => void }
  | { readonly kind: 'refuse'; readonly refusal: Refusal }
  /** The sandbox hung up. */
  | { readonly kind: 'gone' };

/** One of the biggest: a sandbox that sends many at once costs itself a refusal, and no other its room. */
export const heldOfSession = (): Held => ({ bytes: 0, mostBytes: MAX_BODY_BYTES });
/** Two of the biggest: this process has its memory whatever they all send. */
export const heldOfAll = (): Held => ({ bytes: 0, mostBytes: 2 * MAX_BODY_BYTES });

/** Never rejects. What comes behind a refusal is taken and dropped, so that the refusal can be read. */
export function readBody(incoming: IncomingMessage, held: readonly Held[]): Promise<ReadBody> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const own = { bytes: 0, over: false };
    const release = () => {
      for (const one of held) one.bytes -= own.bytes;
      own.bytes = 0;
    };
    const end = (how: ReadBody) => {
      if (own.over) return;
      own.over = true;
      if (how.kind !== 'read') release();
      resolve(how);
    };
    incoming.on('data', (chunk: Buffer) => {
      if (own.over) return;
      own.bytes += chunk.length;
      for (const one of held) one.bytes += chunk.length;
      chunks.push(chunk);
      if (own.bytes > MAX_BODY_BYTES) end({ kind: 'refuse', refusal: REFUSALS.tooBig });
      else if (held.some(({ bytes, mostBytes }) => bytes > mostBytes))
        end({ kind: 'refuse', refusal: REFUSALS.tooMany });
    });
    incoming.once('end', () => end({ kind: 'read', bytes: Buffer.concat(chunks), release }));
    incoming.once('close', () => end({ kind: 'gone' }));
  });
}
