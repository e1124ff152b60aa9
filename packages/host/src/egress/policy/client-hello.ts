/**
 * The name in a TLS client's first words (SNI), read without ending its TLS. Pure; the bytes are a sandbox's, so every
 * length is checked against what is there.
 */

export type Hello =
  /** Not whole yet. */
  | { readonly kind: 'more' }
  /** No TLS, or none with one name. */
  | { readonly kind: 'bad' }
  | { readonly kind: 'name'; readonly name: string };

/** A hello with post-quantum keys takes 2 kB. */
const MAX_BYTES = 16 * 1024;
const HANDSHAKE = 0x16;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const RANDOM_BYTES = 34;

const MORE = { kind: 'more' } as const;
const BAD = { kind: 'bad' } as const;

export function readHello(bytes: Buffer): Hello {
  const parts: Buffer[] = [];
  let at = 0;
  let whole: Buffer = Buffer.alloc(0);
  // A hello may be cut into several records.
  for (;;) {
    if (whole.length >= 4) {
      if (whole[0] !== CLIENT_HELLO) return BAD;
      const length = whole.readUIntBE(1, 3);
      if (length > MAX_BYTES) return BAD;
      if (whole.length >= 4 + length) return nameIn(whole.subarray(4, 4 + length));
    }
    const header = bytes.subarray(at, at + 5);
    if (header.length > 0 && header[0] !== HANDSHAKE) return BAD;
    if (header.length > 1 && header[1] !== 3) return BAD;
    if (header.length < 5) return bytes.length > MAX_BYTES ? BAD : MORE;
    const length = header.readUInt16BE(3);
    if (length === 0) return BAD;
    if (bytes.length < at + 5 + length) return bytes.length > MAX_BYTES ? BAD : MORE;
    parts.push(bytes.subarray(at + 5, at + 5 + length));
    whole = Buffer.concat(parts);
    at += 5 + length;
  }
}

/** Reads on from where it is; null beyond the end. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  take(length: number | null): Buffer | null {
    if (length === null || this.#at + length > this.#bytes.length) return null;
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  number(bytes: 1 | 2): number | null {
    return this.take(bytes)?.readUIntBE(0, bytes) ?? null;
  }

  /** What is preceded by its own length. */
  block(lengthBytes: 1 | 2): Buffer | null {
    return this.take(this.number(lengthBytes));
  }
}

function nameIn(hello: Buffer): Hello {
  const reader = new Reader(hello);
  const head = [reader.take(RANDOM_BYTES), reader.block(1), reader.block(2), reader.block(1)];
  const extensions = reader.block(2);
  if (head.includes(null) || extensions === null || !reader.isAtEnd) return BAD;
  const names: string[] = [];
  const each = new Reader(extensions);
  while (!each.isAtEnd) {
    const kind = each.number(2);
    const content = each.block(2);
    if (content === null) return BAD;
    if (kind !== SERVER_NAME) continue;
    const list = new Reader(content);
    const inner = new Reader(list.block(2) ?? Buffer.alloc(0));
    const isHostName = inner.number(1) === 0;
    const name = inner.block(2);
    if (!isHostName || name === null || !inner.isAtEnd || !list.isAtEnd) return BAD;
    names.push(name.toString('latin1'));
  }
  const [name] = names;
  return names.length === 1 && name !== undefined ? { kind: 'name', name } : BAD;
}
