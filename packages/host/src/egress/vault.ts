/**
 * The vault: keys at rest, AES-256-GCM with the name as additional data, so that one key's bytes cannot be put in
 * another's place. `DATA/egress/vault.json` and its own key, `vault.key` (or BELLHOP_KEY), both 0600 in a 0700 folder.
 * Written by the egress process alone, whole and durable at each change; read there alone.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
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

  /** @param givenKey BELLHOP_KEY: 64 hex digits. Throws EgressError when it is something else, or the file is broken. */
  constructor(dir: string, givenKey: string | undefined) {
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
  }

  get names(): readonly string[] {
    return Object.keys(this.#box);
  }

  /** Null when it is not there, or when our key does not open it. */
  get(name: string): string | null {
    const sealed = Object.hasOwn(this.#box, name) ? this.#box[name] : undefined;
    const key = this.#key();
    if (!sealed || !key) return null;
    try {
      return open(sealed, name, key);
    } catch (wrongKey) {
      // Another key, or changed bytes: GCM does not say which, and neither gives a secret.
      if (wrongKey instanceof Error) return null;
      throw wrongKey;
    }
  }

  /** Durable when it returns. Null removes it. */
  set(name: string, value: string | null): void {
    const { [name]: _, ...others } = this.#box;
    const box =
      value === null ? others : { ...others, [name]: seal(value, name, this.#key() ?? this.#makeKey()) };
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
    const hex = this.#givenKey ?? readIfThere(join(this.#dir, 'vault.key'))?.trim();
    return hex === undefined || !HEX_KEY.test(hex) ? null : Buffer.from(hex, 'hex');
  }

  #makeKey(): Buffer {
    const path = join(this.#dir, 'vault.key');
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

function open(sealed: Sealed, name: string, key: Buffer): string {
  const bytes = (text: string) => Buffer.from(text, 'base64');
  const decipher = createDecipheriv(CIPHER, key, bytes(sealed.nonce), { authTagLength: 16 });
  decipher.setAAD(Buffer.from(name)).setAuthTag(bytes(sealed.tag));
  return Buffer.concat([decipher.update(bytes(sealed.data)), decipher.final()]).toString('utf8');
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function writeDurably(path: string, text: string): void {
  const fd = openSync(`${path}.new`, 'w', 0o600);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(`${path}.new`, path);
}
