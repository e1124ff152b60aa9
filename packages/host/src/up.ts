/** The words of `./bellhop up`: its options, and how its errors end. */
import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

export const USAGE = `Usage: ./bellhop up [options]

  --data DIR            where everything is kept (default: ~/.bellhop)
  --port N              port of the page (default: 7788; 0: any free one)
  --host ADDRESS        address of the page (default: 127.0.0.1; others need a password)
  --sandbox KIND        what agents run in: auto, docker or bwrap (default: auto)
  --no-open             do not open the page in a browser
  --yes                 install bubblewrap with sudo, if it is needed, without a question
  --help                this text

BELLHOP_DOCKER names another client of an engine (podman, nerdctl, a path); BELLHOP_BASE_IMAGE another Debian with
glibc to build the agent image from (default: node:26-slim). TZ names the time zone, as in TZ=Europe/Berlin.

Ctrl-C stops it. For development only: --sandbox none runs agents WITHOUT a sandbox.
`;

const DEFAULT_PORT = 7788;
const LOOPBACK = '127.0.0.1';
const SANDBOXES = ['auto', 'docker', 'bwrap', 'none'] as const;

export interface UpOptions {
  readonly dataDir: string;
  readonly port: number;
  /** Where the page listens: an address of this machine. */
  readonly host: string;
  readonly sandbox: (typeof SANDBOXES)[number];
  readonly open: boolean;
  /** The answer to the question whether something may be installed. */
  readonly yes: boolean;
  /** The engine's client, when it is not `docker`. */
  readonly program: string | undefined;
  /** What the agent image is built from, when it is not the usual. */
  readonly base: string | undefined;
}

/** A mistake of the person who typed: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The start cannot go on: exit code 1, with what to do next. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly hint: string;
  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** Null when only help was asked for. Throws UsageError. */
export function readUpOptions(argv: readonly string[], env: NodeJS.ProcessEnv): UpOptions | null {
  const { values, positionals } = parse(argv);
  const [unknown] = positionals.filter((word, index) => word !== 'up' || index > 0);
  if (unknown !== undefined) throw new UsageError(`up takes no ${unknown}`);
  if (values.help) return null;
  const port = Number(values.port ?? DEFAULT_PORT);
  if (!/^\d*$/.test(values.port ?? '') || values.port === '' || port > 65_535)
    throw new UsageError(`--port ${values.port}: not a port`);
  const sandbox = readSandbox(values.sandbox ?? 'auto');
  const host = values.host ?? LOOPBACK;
  if (isIP(host) === 0) throw new UsageError(`--host ${host}: not an address, as in 192.168.1.20 or 0.0.0.0`);
  if (values.data === '') throw new UsageError('--data is empty');
  // Set but empty is not set; the current folder would be a surprise.
  const dataDir = resolve(values.data ?? (env.BELLHOP_DATA || join(homedir(), '.bellhop')));
  const [program, base] = [env.BELLHOP_DOCKER || undefined, env.BELLHOP_BASE_IMAGE || undefined];
  return { dataDir, port, host, sandbox, open: !values['no-open'], yes: values.yes ?? false, program, base };
}

/** Throws UsageError. */
export function readSandbox(word: string): UpOptions['sandbox'] {
  const sandbox = SANDBOXES.find((known) => known === word);
  if (!sandbox) throw new UsageError(`--sandbox ${word}: choose auto, docker or bwrap`);
  return sandbox;
}

/** Only this machine can reach it. */
export function isLoopback(host: string): boolean {
  return host.startsWith('127.') || host === '::1';
}

/** The address as a person opens it on this machine. */
export function pageUrl(host: string, port: number): string {
  const reached = host === '0.0.0.0' || host === '::' ? LOOPBACK : host;
  return `http://${isIP(reached) === 6 ? `[${reached}]` : reached}:${port}/`;
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      // The command's own name; taken out by hand it would also vanish from `--data up`.
      allowPositionals: true,
      options: {
        data: { type: 'string' },
        port: { type: 'string' },
        host: { type: 'string' },
        sandbox: { type: 'string' },
        'no-open': { type: 'boolean' },
        yes: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
