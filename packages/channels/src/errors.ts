/**
 * What a channel throws, typed by what the caller does next (design.md §7).
 *
 * Anything else that leaves `send` counts as an unknown outcome: we do not know what the platform did.
 */

/** The platform said no and will say no again (bad chat, forbidden, malformed). Not retried. */
export class PermanentError extends Error {
  override readonly name = 'PermanentError';
}

/** The platform did not take it, and says so: a later attempt may succeed. */
export class RetryableError extends Error {
  override readonly name = 'RetryableError';
  readonly retryAfterMs: number;
  /** @param retryAfterMs milliseconds the platform asked us to wait; 0 when it named none. */
  constructor(message: string, retryAfterMs = 0) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

/** The request left us and no answer came: it may or may not have been delivered. */
export class UnknownOutcomeError extends Error {
  override readonly name = 'UnknownOutcomeError';
}
