/** What a client gets when something is wrong: code, message, hint (contract.ts ApiError), never a stack. */
import { EgressError } from '../egress/port.ts';
import { StoreUnavailable } from '../store/port.ts';
import type { ApiError } from './contract.ts';

const EGRESS_STATUS: Readonly<Record<string, number>> = {
  bad_request: 400,
  no_key: 409,
  no_such_rule: 409,
  no_such_secret: 409,
  no_such_stop: 409,
  unavailable: 503,
};

export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly code: string;
  readonly hint: string;
  constructor(status: number, code: string, message: string, hint: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
  }

  toJSON(): ApiError {
    return { error: { code: this.code, message: this.message, hint: this.hint } };
  }
}

/** Anything that is not said in words on purpose is `internal`; its own words stay in the log. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof StoreUnavailable) return new Problem(503, 'unavailable', error.message, error.hint);
  if (error instanceof EgressError) {
    return new Problem(EGRESS_STATUS[error.code] ?? 502, error.code, error.message, error.hint);
  }
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new Problem(
      507,
      'disk_full',
      'the disk is full',
      'Free some space; nothing that was accepted is lost.',
    );
  }
  return new Problem(500, 'internal', 'something went wrong in the host', 'Look at: ./bellhop logs');
}
