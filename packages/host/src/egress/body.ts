/** A request's body, read whole before anything goes out: only then is it known what it asks for. */
import type { IncomingMessage } from 'node:http';
import { MAX_BODY_BYTES } from './judge.ts';
import { REFUSALS, type Refusal } from './refusals.ts';

/** Of all sessions: bodies that are held. */
export interface Held {
  bytes: number;
}

export type ReadBody =
  /** `release` when it is held no more. */
  | { readonly kind: 'read'; readonly bytes: Buffer; readonly release: () => void }
  | { readonly kind: 'refuse'; readonly refusal: Refusal }
  /** The sandbox hung up. */
  | { readonly kind: 'gone' };

/** Two of the biggest. A sandbox that sends many at once costs itself a refusal, not this process its memory. */
const MAX_HELD_BYTES = 2 * MAX_BODY_BYTES;

/** Never rejects. What comes behind a refusal is taken and dropped, so that the refusal can be read. */
export function readBody(incoming: IncomingMessage, held: Held): Promise<ReadBody> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const own = { bytes: 0, over: false };
    const release = () => {
      held.bytes -= own.bytes;
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
      held.bytes += chunk.length;
      chunks.push(chunk);
      if (own.bytes > MAX_BODY_BYTES) end({ kind: 'refuse', refusal: REFUSALS.tooBig });
      else if (held.bytes > MAX_HELD_BYTES) end({ kind: 'refuse', refusal: REFUSALS.tooMany });
    });
    incoming.once('end', () => end({ kind: 'read', bytes: Buffer.concat(chunks), release }));
    incoming.once('close', () => end({ kind: 'gone' }));
  });
}
