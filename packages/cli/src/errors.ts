/**
 * What ends a command early. Each error says what to type next, and its class fixes the exit code:
 * 1 failed, 2 usage, 3 host not running, 4 timeout (0 is an answer).
 *
 * `HostUnreachable` is the one that a caller may wait out: the host is down, or went away in mid-request.
 */

export class CliError extends Error {
  readonly exitCode: number;
  readonly hint: string;
  constructor(exitCode: number, message: string, hint: string) {
    super(message);
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

export class FailedError extends CliError {
  constructor(message: string, hint: string) {
    super(1, message, hint);
  }
}

/** Wrong words on the command line or in the input; nothing was sent. */
export class UsageError extends CliError {
  constructor(message: string, hint: string) {
    super(2, message, hint);
  }
}

export class NotRunningError extends CliError {
  constructor(data: string) {
    super(3, `Bellhop is not running on ${data}.`, 'Start it with: ./bellhop up');
  }
}

export class TimeoutError extends CliError {
  constructor(message: string, hint: string) {
    super(4, message, hint);
  }
}

/** The host answered with an error of its own; `status` is the HTTP status. */
export class ApiRefusal extends FailedError {
  readonly status: number;
  constructor(status: number, message: string, hint: string) {
    super(message, hint);
    this.status = status;
  }
}

/** No answer came. `down`: nobody listens. `lost`: the connection broke, and what was asked may or may not be done. */
export class HostUnreachable extends Error {
  readonly kind: 'down' | 'lost';
  constructor(kind: 'down' | 'lost', cause: unknown) {
    super(`host ${kind}`, { cause });
    this.kind = kind;
  }
}
