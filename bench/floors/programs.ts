/**
 * Floors of what starts a process: the same program with nothing in it, from its spawn to its end. One sample a call.
 *
 * Whoever takes them does so in turn with what they stand under, so that both see the same machine.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

export const NODE = "node -e ''";
export const NODE_CPU = `CPU time of ${NODE}`;
export const BWRAP_NODE = `bwrap with ${NODE}`;
export const DOCKER_NODE = `docker run of ${NODE}`;

/** Between two of besideBareStarts. */
const EVERY_MS = 3_000;

/** Milliseconds. Rejects when it cannot be started or ends with another exit code than 0. */
export async function timeProgram(command: string, args: readonly string[]): Promise<number> {
  const from = performance.now();
  const child = spawn(command, args, { stdio: 'ignore' });
  const [code] = await once(child, 'exit');
  const ms = performance.now() - from;
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}`);
  return ms;
}

/** With the Node that Bellhop runs on. */
export function timeNode(): Promise<number> {
  return timeProgram(process.execPath, ['-e', '']);
}

/** A bare start every few seconds while `work` runs: at least one. */
export async function besideBareStarts<T>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly ms: readonly number[] }> {
  const over = new AbortController();
  const ms = [await timeNode()];
  const starts = (async () => {
    while (await delay(EVERY_MS, true, { signal: over.signal }).catch(() => false)) ms.push(await timeNode());
  })();
  try {
    return { result: await work(), ms };
  } finally {
    over.abort();
    await starts;
  }
}

/** What a bare Node takes of the processor until it has run its script: user and system time of all its threads. */
export async function nodeCpuMs(): Promise<number> {
  const script = 'const { user, system } = process.cpuUsage(); process.stdout.write(String(user + system))';
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  let micros = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    micros += text;
  });
  await once(child, 'close');
  return Number(micros) / 1_000;
}

/** In new namespaces of every kind, on the machine's own files: nothing of a sandbox that costs more than it must. */
export function timeBwrapNode(): Promise<number> {
  const sandbox = ['--unshare-all', '--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev'];
  return timeProgram('bwrap', [...sandbox, process.execPath, '-e', '']);
}

/**
 * In a container of the agent's image with Bellhop's Node shown in it, as sandboxes have it. The removal of the container
 * comes behind the clock: no message waits for one.
 */
export async function timeDockerNode(image: string): Promise<number> {
  const name = `bellhop-bench-floor-${process.pid}`;
  const shown = ['--mount', `type=bind,source=${process.execPath},target=/node,readonly`];
  const run = ['run', '--name', name, '--network', 'none', ...shown, '--entrypoint', '/node'];
  try {
    return await timeProgram('docker', [...run, image, '-e', '']);
  } finally {
    await timeProgram('docker', ['rm', '--force', name]);
  }
}
