/**
 * The owner's secrets, and what they are granted for: values in the vault, grants in the rules (policy/requests.ts).
 *
 * Their value leaves this object for a request that is granted, and on no other way.
 */
import { ANY, readPattern } from './policy/paths.ts';
import { readPlacing } from './policy/placing.ts';
import type { RequestRules } from './policy/requests.ts';
import { EgressError, type RequestRule, type RuleChoice, type SecretView } from './port.ts';
import type { Vault } from './vault.ts';

/** Keeps them apart from the keys of models, whose names hold no colon in front. */
const PREFIX = 'secret:';
const NAME = /^[A-Za-z][\w-]{0,63}$/;
/** Printable, and long enough that taking it out of an answer cannot take the answer apart. */
const VALUE = /^[\x20-\x7e]{8,4096}$/;
const METHOD = /^[A-Z]{1,20}$/;
/** Of one host: each request looks at all of them. */
const MAX_RULES = 100;

export function isSecret(vaultName: string): boolean {
  return vaultName.startsWith(PREFIX);
}

/** Names of the secrets that the vault's key does not open. */
export function closedSecrets(vault: Pick<Vault, 'names' | 'get'>): string[] {
  const closed = vault.names.filter((name) => isSecret(name) && vault.get(name) === null);
  return closed.map((name) => name.slice(PREFIX.length));
}

export class Secrets {
  readonly #vault: Vault;
  readonly #rules: RequestRules;
  readonly #nowMs: () => number;

  constructor(vault: Vault, rules: RequestRules, nowMs: () => number) {
    this.#vault = vault;
    this.#rules = rules;
    this.#nowMs = nowMs;
  }

  list(): SecretView[] {
    const grants = this.#rules.all();
    return this.#names().map((name) => ({
      name,
      ...this.#rules.times(name),
      readable: this.#vault.get(PREFIX + name) !== null,
      grants: grants.filter(({ secret }) => secret === name),
    }));
  }

  /** Null when it is not stored, or cannot be read. */
  value(name: string): string | null {
    return this.#vault.get(PREFIX + name);
  }

  noteUsed(name: string): void {
    this.#rules.noteUsed(name, this.#nowMs());
  }

  /** Null removes it. Throws EgressError for what cannot be a secret. Durable when it returns, like the others. */
  keep(name: string, value: string | null): void {
    if (!NAME.test(name)) {
      throw bad('this is not a name for a secret', 'A letter, then letters, digits, - and _: at most 64.');
    }
    if (value === null) {
      if (!this.#names().includes(name)) throw noSecret(name);
      // What it may be used for goes first: a secret without grants is in nobody's reach.
      this.#rules.forget(name);
      this.#vault.set(PREFIX + name, null);
      return;
    }
    if (!VALUE.test(value)) {
      throw bad('this cannot be a secret', 'One line of 8 to 4096 printable ASCII characters.');
    }
    this.#vault.set(PREFIX + name, value);
    this.#rules.noteSet(name, this.#nowMs());
  }

  rotate(): number {
    return this.#vault.rotate();
  }

  /** All of them or, when one makes no sense, none. */
  add(rules: readonly RequestRule[]): void {
    for (const rule of rules) this.#check(rule);
    for (const rule of rules) this.#rules.add(rule);
  }

  /** A choice that names nothing is a slip of the pen, unless it was wide: nothing of the host is left, as it should be. */
  remove(which: RuleChoice): void {
    const { method, path, ...rest } = which;
    const narrow = { ...(method === null ? {} : { method }), ...(path === null ? {} : { path }) };
    const isWide = which.secret === null && method === null && path === null;
    if (this.#rules.remove({ ...rest, ...narrow }) === 0 && !isWide)
      throw new EgressError(
        'no_such_rule',
        'there is no such rule',
        'See which there are: ./bellhop secrets, ./bellhop hosts',
      );
  }

  #check(rule: RequestRule): void {
    if (rule.method !== ANY.method && !METHOD.test(rule.method))
      throw bad(`${rule.method} is no method`, 'As in: --method GET');
    if (readPattern(rule.path) !== rule.path) {
      throw bad(
        'this is not a path that a rule can have',
        'As in: --path /v1/me, or --path "/v1/*" for all below it; no dots as a part, no //, no escapes.',
      );
    }
    if (this.#rules.of(rule.agent, rule.host, rule.port).length >= MAX_RULES)
      throw bad('there are too many rules for this host', `At most ${MAX_RULES}: remove some.`);
    if (rule.secret === null) return;
    if (readPlacing(rule.placing ?? '') === null) {
      throw bad(
        'it is not known how to show this secret',
        'One of: --as bearer, basic:USER, header:NAME, query:NAME',
      );
    }
    if (!this.#names().includes(rule.secret)) throw noSecret(rule.secret);
  }

  #names(): string[] {
    return this.#vault.names.filter(isSecret).map((name) => name.slice(PREFIX.length));
  }
}

function bad(message: string, hint: string): EgressError {
  return new EgressError('bad_request', message, hint);
}

function noSecret(name: string): EgressError {
  return new EgressError(
    'no_such_secret',
    `there is no secret ${name}`,
    `Store it: ./bellhop secrets set ${name}`,
  );
}
