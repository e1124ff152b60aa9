/** Runs one program to its end, with what it is given on stdin. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function run(
  command: string,
  args: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly stdin?: string | Buffer },
): Promise<Ran> {
  const child = spawn(command, args, { env: options.env, stdio: 'pipe' });
  // A program that refuses its input early closes the pipe; what it said about it is what counts.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin ?? '');
  const closed = Promise.withResolvers<number | null>();
  child.once('error', closed.reject);
  child.once('close', closed.resolve);
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), closed.promise]);
  return { code, stdout, stderr };
}
