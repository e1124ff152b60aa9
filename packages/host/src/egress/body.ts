/** A request's body, read whole before anything goes out: only then is it known what it asks for. */
import type { IncomingMessage } from 'node:http';
import { MAX_BODY_BYTES } from './judge.ts';
import { REFUSALS, type Refusal } from './refusals.ts';

/** Bodies that are held, of one session or of all: none is read that would be more than the most. */
export interface Held {
  bytes: number;
  readonly mostBytes: number;
  /** Bodies that went out already and are held for a second attempt alone: whoever needs the room lets them go. */
  readonly spare: Set<() => void>;
}

/** A body that may be needed once more. */
export interface Spare {
  /** Null: it was let go. The caller has it from now on. */
  take(): Buffer | null;
  letGo(): void;
}

export type ReadBody =
  /** `release` when it is held no more. */
  | { readonly kind: 'read'; readonly bytes: Buffer; readonly release: () => void }
  | { readonly kind: 'refuse'; readonly refusal: Refusal }
  /** The sandbox hung up. */
  | { readonly kind: 'gone' };

/** One of the biggest: a sandbox that sends many at once costs itself a refusal, and no other its room. */
export const heldOfSession = (): Held => ({ bytes: 0, mostBytes: MAX_BODY_BYTES, spare: new Set() });
/** Two of the biggest: this process has its memory whatever they all send. */
export const heldOfAll = (): Held => ({ bytes: 0, mostBytes: 2 * MAX_BODY_BYTES, spare: new Set() });

/** Never rejects. What comes behind a refusal is taken and dropped, so that the refusal can be read. */
export function readBody(incoming: IncomingMessage, held: readonly Held[]): Promise<ReadBody> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const own = { bytes: 0, over: false };
    const release = () => {
      for (const one of held) one.bytes -= own.bytes;
      own.bytes = 0;
      // Whoever may still call this holds on to them otherwise.
      chunks.length = 0;
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
      else if (!makeRoom(held)) end({ kind: 'refuse', refusal: REFUSALS.tooMany });
    });
    incoming.once('end', () => end({ kind: 'read', bytes: Buffer.concat(chunks), release }));
    incoming.once('close', () => end({ kind: 'gone' }));
  });
}

/** Keeps hold of a body that goes out. @param release called once, when it is held no more. */
export function holdSpare(held: readonly Held[], bytes: Buffer, release: () => void): Spare {
  const own: { bytes: Buffer | null } = { bytes };
  const letGo = () => {
    if (own.bytes === null) return;
    own.bytes = null;
    for (const one of held) one.spare.delete(letGo);
    release();
  };
  for (const one of held) one.spare.add(letGo);
  return {
    take() {
      const taken = own.bytes;
      letGo();
      return taken;
    },
    letGo,
  };
}

/** False: there is none, though nothing is held that could be let go. */
function makeRoom(held: readonly Held[]): boolean {
  const isFull = ({ bytes, mostBytes }: Held) => bytes > mostBytes;
  // The oldest first, and no more of them than it takes.
  for (const one of held) for (const letGo of one.spare) if (isFull(one)) letGo();
  return !held.some(isFull);
}
