/**
 * The vault: keys at rest, AES-256-GCM with the name as additional data, so that one key's bytes cannot be put in
 * another's place. `DATA/egress/vault.json` and its own key, `vault.key` (or BELLHOP_KEY), both 0600 in a 0700 folder.
 * Written by the egress process alone, whole and durable at each change; read there alone.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { moveDurably, readIfThere, writeDurably } from './durable.ts';
import { EgressError } from './port.ts';

interface Sealed {
  readonly nonce: string;
  readonly tag: string;
  readonly data: string;
}

type Box = Readonly<Record<string, Sealed>>;

const HEX_KEY = /^[0-9a-fA-F]{64}$/;
const NONCE_BYTES = 12;
const CIPHER = 'aes-256-gcm';

export class Vault {
  readonly #dir: string;
  readonly #givenKey: string | undefined;
  #box: Box;

  /**
   * @param givenKey BELLHOP_KEY: 64 hex digits. Throws EgressError when it is something else, or the file is broken.
   * @param use `look`: for a process that does not own it, and must change nothing. A rotation that seems cut off may be
   *   under way in its owner: to take its next key away would leave what is being sealed under no key at all.
   */
  constructor(dir: string, givenKey: string | undefined, use: 'own' | 'look' = 'own') {
    if (givenKey !== undefined && !HEX_KEY.test(givenKey)) {
      throw new EgressError(
        'bad_key',
        'BELLHOP_KEY is not 64 hex digits',
        'Make one with: openssl rand -hex 32',
      );
    }
    this.#dir = dir;
    this.#givenKey = givenKey;
    this.#box = this.#read();
    if (use === 'own') this.#finishRotation();
  }

  get names(): readonly string[] {
    return Object.keys(this.#box);
  }

  /** Null when it is not there, or when our key does not open it. */
  get(name: string): string | null {
    const sealed = Object.hasOwn(this.#box, name) ? this.#box[name] : undefined;
    const key = this.#key();
    const value = sealed && key ? tryOpen(sealed, name, key) : null;
    // In the midst of a rotation; its owner has finished it before it asks.
    const nextKey = value === null ? this.#nextKey() : null;
    return sealed && nextKey ? tryOpen(sealed, name, nextKey) : value;
  }

  /** Durable when it returns. Null removes it. */
  set(name: string, value: string | null): void {
    const { [name]: _, ...others } = this.#box;
    const box =
      value === null ? others : { ...others, [name]: seal(value, name, this.#key() ?? this.#makeKey()) };
    this.#write(box);
  }

  /**
   * Seals everything under a new key; returns how many that are. The new key is on disk before anything is sealed with
   * it, and takes the old one's place when all of it is. Throws EgressError when that cannot be, with nothing changed.
   */
  rotate(): number {
    if (this.#givenKey !== undefined) {
      const hint = 'Keep the secrets at hand, start Bellhop with another BELLHOP_KEY, and enter them again.';
      throw new EgressError(
        'bad_request',
        'the key of the vault is BELLHOP_KEY, which is yours to change',
        hint,
      );
    }
    const values = this.names.map((name) => [name, this.get(name)] as const);
    const shut = values.flatMap(([name, value]) => (value === null ? [name] : []));
    if (shut.length > 0) {
      const hint = 'Enter them again, or remove them; then rotate.';
      throw new EgressError('bad_request', `the key of the vault does not open: ${shut.join(', ')}`, hint);
    }
    const key = randomBytes(32);
    writeDurably(this.#nextKeyPath, `${key.toString('hex')}\n`);
    this.#write(Object.fromEntries(values.map(([name, value]) => [name, seal(value ?? '', name, key)])));
    moveDurably(this.#nextKeyPath, this.#keyPath);
    return values.length;
  }

  /** One that was cut off: the next key opens what is there, or nothing was sealed with it yet. */
  #finishRotation(): void {
    if (readIfThere(this.#nextKeyPath) === null) return;
    const key = this.#nextKey();
    const isInUse = Object.entries(this.#box).some(
      ([name, sealed]) => key && tryOpen(sealed, name, key) !== null,
    );
    if (isInUse) moveDurably(this.#nextKeyPath, this.#keyPath);
    else rmSync(this.#nextKeyPath);
  }

  #nextKey(): Buffer | null {
    const hex = readIfThere(this.#nextKeyPath)?.trim();
    return hex === undefined || !HEX_KEY.test(hex) ? null : Buffer.from(hex, 'hex');
  }

  get #keyPath(): string {
    return join(this.#dir, 'vault.key');
  }

  get #nextKeyPath(): string {
    return join(this.#dir, 'vault.key.next');
  }

  #write(box: Box): void {
    writeDurably(join(this.#dir, 'vault.json'), `${JSON.stringify({ version: 1, secrets: box }, null, 2)}\n`);
    this.#box = box;
  }

  #read(): Box {
    const json = readIfThere(join(this.#dir, 'vault.json'));
    if (json === null) return {};
    try {
      const { secrets } = JSON.parse(json) as { secrets: Box };
      return { ...secrets };
    } catch (error) {
      const why = (error as Error).message;
      const hint = `Mend ${join(this.#dir, 'vault.json')}, or move it away and enter the keys again: ./bellhop model set`;
      throw new EgressError('bad_vault', `the vault cannot be read: ${why}`, hint);
    }
  }

  #key(): Buffer | null {
    const hex = this.#givenKey ?? readIfThere(this.#keyPath)?.trim();
    return hex === undefined || !HEX_KEY.test(hex) ? null : Buffer.from(hex, 'hex');
  }

  #makeKey(): Buffer {
    const path = this.#keyPath;
    if (readIfThere(path) !== null) {
      throw new EgressError(
        'bad_key',
        `${path} is not 64 hex digits`,
        'Put the right one back, or remove it.',
      );
    }
    const key = randomBytes(32);
    writeDurably(path, `${key.toString('hex')}\n`);
    return key;
  }
}

function seal(value: string, name: string, key: Buffer): Sealed {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(name));
  const data = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
  const text = (bytes: Buffer) => bytes.toString('base64');
  return { nonce: text(nonce), tag: text(cipher.getAuthTag()), data: text(data) };
}

/** Null for another key, or changed bytes: GCM does not say which, and neither gives a secret. */
function tryOpen(sealed: Sealed, name: string, key: Buffer): string | null {
  try {
    return open(sealed, name, key);
  } catch (wrong) {
    if (wrong instanceof Error) return null;
    throw wrong;
  }
}

function open(sealed: Sealed, name: string, key: Buffer): string {
  const bytes = (text: string) => Buffer.from(text, 'base64');
  const decipher = createDecipheriv(CIPHER, key, bytes(sealed.nonce), { authTagLength: 16 });
  decipher.setAAD(Buffer.from(name)).setAuthTag(bytes(sealed.tag));
  return Buffer.concat([decipher.update(bytes(sealed.data)), decipher.final()]).toString('utf8');
}
