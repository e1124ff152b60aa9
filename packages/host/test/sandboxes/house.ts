/**
 * What a sandbox test needs around it: a data folder as the host makes it, mounts, signals from inside, and an oracle
 * for "does it still run" that shares no code with what it judges. All of it is gone after the test; a process that a
 * test leaves behind fails it.
 */

import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, chown, copyFile, link, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { sandboxOwner } from '../../src/sandboxes/bwrap.ts';
import { createDockerRuntime, type DockerOptions } from '../../src/sandboxes/docker/runtime.ts';
import {
  DEFAULT_LIMITS,
  type RunningSandbox,
  type SandboxMount,
  type SandboxRuntime,
  type SandboxSpec,
} from '../../src/sandboxes/port.ts';
import { until } from '../until.ts';

export const host = { hostUid: process.getuid?.() ?? -1, hostGid: process.getgid?.() ?? -1 };
export const hostIsRoot = host.hostUid === 0;
export const owner = sandboxOwner(host);

/** A reason to skip, or false. */
export const bwrapMissing: string | false = (process.env.BELLHOP_TEST_MISSING ?? '').includes('bwrap')
  ? 'bubblewrap is missing on this machine'
  : false;

export const dockerMissing: string | false = (process.env.BELLHOP_TEST_MISSING ?? '').includes('docker')
  ? 'no container engine can be used on this machine'
  : false;

/** One image for all tests of sandboxes; it stays on the engine, so that the next run builds nothing. */
export const docker = { installId: 'tests', insisted: true } as const;

export function makeDocker(dataDir: string, change: Partial<DockerOptions> = {}): SandboxRuntime {
  return createDockerRuntime({ dataDir, ...host, ...docker, say: () => undefined, ...change });
}

export type MakeRuntime = (dataDir: string) => SandboxRuntime;

export interface House {
  readonly dataDir: string;
  readonly runtime: SandboxRuntime;
  /** Unique to this test; a test puts it into command lines to find them again. */
  readonly canary: string;
  readonly installId: string;
  readonly read: SandboxMount;
  readonly write: SandboxMount;
  /** Paths of the two mounts for the command. */
  readonly paths: { readonly read: string; readonly write: string };
  /** Helpers of the test itself, killed at its end. */
  readonly readers: ChildProcess[];
  /** Sandboxes that live as long as the test: what writes into the folder would hinder its removal. */
  readonly peers: RunningSandbox[];
  spec(command: readonly string[], change?: Partial<SandboxSpec>): SandboxSpec;
  /** A shell script, with the canary in its command line. */
  shell(script: string, change?: Partial<SandboxSpec>): SandboxSpec;
}

export async function makeHouse(t: TestContext, make: MakeRuntime): Promise<House> {
  const dataDir = await mkdtemp(join(tmpdir(), 'bellhop-sandbox-'));
  await chmod(dataDir, 0o711);
  const canary = `canary-${crypto.randomUUID()}`;
  const installId = crypto.randomUUID().slice(0, 8);
  const read = { source: join(dataDir, 'read'), target: '/bellhop/read', writable: false };
  const write = { source: join(dataDir, 'write'), target: '/bellhop/write', writable: true };
  await makeFolder(read.source, 0o2750, { uid: host.hostUid, gid: owner.gid });
  await makeFolder(write.source, 0o770, owner);
  const runtime = make(dataDir);
  const readers: ChildProcess[] = [];
  const peers: RunningSandbox[] = [];
  t.after(async () => {
    await Promise.all(peers.map((peer) => peer.kill()));
    for (const reader of readers) reader.kill('SIGKILL');
    // An engine's client ends a moment after its container.
    await until('nothing is left', () => processesWith(canary).length === 0).catch(() => undefined);
    const survivors = processesWith(canary);
    for (const pid of survivors) process.kill(pid, 'SIGKILL');
    await rm(dataDir, { recursive: true, force: true });
    assert.deepEqual(survivors, [], 'processes that the test left behind');
  });
  const paths = { read: runtime.inside(read), write: runtime.inside(write) };
  const spec = (command: readonly string[], change: Partial<SandboxSpec> = {}): SandboxSpec => ({
    mark: `bellhop:${installId}:session:1`,
    mounts: [read, write],
    workDir: paths.write,
    env: {},
    command,
    limits: DEFAULT_LIMITS,
    ...change,
  });
  const shell: House['shell'] = (script, change) => spec(['/bin/sh', '-c', script, canary], change);
  return { dataDir, runtime, canary, installId, read, write, paths, readers, peers, spec, shell };
}

export async function makeFolder(
  path: string,
  mode: number,
  who: { uid: number; gid: number },
): Promise<void> {
  await mkdir(path);
  await chown(path, who.uid, who.gid);
  // After chown, which clears the set-gid bit.
  await chmod(path, mode);
}

/** A mount with the Node that runs this test, for what a shell cannot do. */
export async function mountNode(house: House): Promise<{ mount: SandboxMount; node: string }> {
  const mount = { source: join(house.dataDir, 'node'), target: '/bellhop/node', writable: false };
  await mkdir(mount.source, { mode: 0o755 });
  const file = join(mount.source, 'node');
  // A link costs nothing, but neither crosses file systems nor is granted for other people's files.
  await link(process.execPath, file).catch(() => copyFile(process.execPath, file));
  return { mount, node: join(house.runtime.inside(mount), 'node') };
}

/** Pids whose command line holds the text, read from /proc in one go; zombies have none. */
export function processesWith(text: string): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  return pids.filter((pid) => {
    if (pid === process.pid) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
    } catch {
      return false; // It ended while we were looking.
    }
  });
}

/** A FIFO in the writable mount: what is inside says when it has come so far. */
export interface Bell {
  /** Path for the command. */
  readonly path: string;
  /** Resolves with the first bytes. */
  readonly rung: Promise<string>;
  /** Resolves with all bytes when nobody holds the writing end any more. */
  readonly silent: Promise<string>;
}

export async function hangBell(house: House, name = 'bell'): Promise<Bell> {
  const fifo = join(house.write.source, name);
  await promisify(execFile)('mkfifo', ['-m', '0666', fifo]);
  await chown(fifo, owner.uid, owner.gid);
  // A process of its own, since opening a FIFO would hold one of Node's few worker threads.
  const reader = spawn('cat', [fifo], { stdio: ['ignore', 'pipe', 'inherit'] });
  house.readers.push(reader);
  const rung = Promise.withResolvers<string>();
  const silent = Promise.withResolvers<string>();
  let heard = '';
  reader.stdout.on('data', (chunk: Buffer) => {
    heard += chunk.toString();
    rung.resolve(heard);
  });
  reader.stdout.once('end', () => silent.resolve(heard));
  return { path: join(house.paths.write, name), rung: rung.promise, silent: silent.promise };
}
