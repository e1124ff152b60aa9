/**
 * The real keys, in this process and in no other: the vault's, then those of the host's environment, which are used
 * and never stored. A stored key outranks the environment: it was entered on purpose.
 */
import { EgressError, type KeyState } from './port.ts';
import { type Endpoint, keyName, PROVIDERS } from './providers.ts';
import { isSecret } from './secrets.ts';
import type { Vault } from './vault.ts';

/** Printable, and long enough that taking it out of an answer cannot take the answer apart. */
const KEY = /^[\x21-\x7e]{8,4096}$/;
const NAME = /^[a-z-]+(@[\w.:[\]-]+)?$/;

export class Keys {
  readonly #vault: Vault;
  readonly #environment: ReadonlyMap<string, string>;

  constructor(vault: Vault, env: NodeJS.ProcessEnv) {
    this.#vault = vault;
    this.#environment = new Map(
      Object.values(PROVIDERS).flatMap(({ keyName, variable }) => {
        const value = variable === null ? undefined : env[variable]?.trim();
        return value !== undefined && KEY.test(value) ? [[keyName, value] as const] : [];
      }),
    );
  }

  of(endpoint: Pick<Endpoint, 'provider' | 'baseUrl'>): string | null {
    const name = keyName(endpoint);
    return this.#vault.get(name) ?? this.#environment.get(name) ?? null;
  }

  get states(): readonly KeyState[] {
    const stored = modelKeys(this.#vault).map((name): KeyState => {
      const readable = this.#vault.get(name) !== null;
      return { name, from: 'vault', readable };
    });
    const used = new Set(stored.filter((state) => state.readable).map((state) => state.name));
    const others = [...this.#environment.keys()].filter((name) => !used.has(name));
    return [...stored, ...others.map((name): KeyState => ({ name, from: 'environment', readable: true }))];
  }

  /** Throws EgressError for what cannot be a key. */
  keep(name: string, value: string | null): void {
    if (!NAME.test(name))
      throw new EgressError('bad_request', `${name} is not the name of a key`, 'See: ./bellhop model');
    if (value !== null && !KEY.test(value)) {
      const hint = 'Paste the key alone: 8 to 4096 printable characters without spaces.';
      throw new EgressError('bad_request', 'this is not a key', hint);
    }
    this.#vault.set(name, value);
  }
}

/** The owner's secrets lie in the same vault. */
function modelKeys({ names }: Vault): string[] {
  return names.filter((name) => !isSecret(name));
}
