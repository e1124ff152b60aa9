/**
 * What is sent and got about secrets, on both listeners. Types only. No answer ever holds a value.
 *
 *   GET  /v1/secrets                                   -> SecretList
 *   PUT  /v1/secrets               SetSecret           -> SecretList
 *   POST /v1/secrets/remove        RemoveSecret        -> SecretList (409 no_such_secret)
 *   POST /v1/secrets/grant         GrantSecret         -> SecretList
 *   POST /v1/secrets/revoke        RevokeSecret        -> SecretList (409 no_such_rule: it was not granted so)
 *   POST /v1/secrets/rotate                            -> Rotated
 */

export interface SetSecret {
  /** A letter, then letters, digits, - and _. */
  readonly name: string;
  /** One line of 8 to 4096 printable characters. */
  readonly value: string;
}

export interface RemoveSecret {
  readonly name: string;
}

/** What it names may pass, and carries the secret. */
export interface GrantSecret {
  readonly secret: string;
  /** Default: the first agent. */
  readonly agent?: string;
  /** A plain name: no pattern, no address. */
  readonly host: string;
  /** Default: 443. */
  readonly port?: number;
  /** Default: every one. */
  readonly methods?: readonly string[];
  /** `/v1/me`, or `/v1/*` for all below it. Default: every one. */
  readonly path?: string;
  /** `bearer`, `basic:USER`, `header:NAME` or `query:NAME`. */
  readonly as: string;
  /** The host may lie in a private network, or be this machine. Default: no. */
  readonly private?: boolean;
}

/** What is left out means whichever. */
export interface RevokeSecret {
  readonly secret: string;
  readonly agent?: string;
  readonly host: string;
  readonly port?: number;
  readonly method?: string;
  readonly path?: string;
}

export interface SecretList {
  readonly secrets: readonly SecretRow[];
}

export interface SecretRow {
  readonly name: string;
  readonly setAt: string | null;
  /** To the minute; null: never yet. */
  readonly usedAt: string | null;
  /** False: it is stored, and the vault's key does not open it. */
  readonly readable: boolean;
  readonly grants: readonly GrantRow[];
}

export interface GrantRow {
  readonly agent: string;
  readonly host: string;
  readonly port: number;
  /** Null: every one. */
  readonly method: string | null;
  readonly path: string;
  readonly as: string;
  readonly private: boolean;
}

export interface Rotated {
  /** How many secrets and keys are sealed anew. */
  readonly sealed: number;
}
