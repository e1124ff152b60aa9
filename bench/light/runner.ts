/** A runner as the host would start it, with a host that does nothing but ring, and an egress socket that leads to one place. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { MessageId } from '@bellhop/mailbox';
import { InboundMailbox, isLater } from '@bellhop/mailbox/host';
import type { RunnerConfig, RunnerFrame } from '@bellhop/runner/protocol';

const BUILD = join(import.meta.dirname, '../../packages/runner/build.ts');

export async function buildRunner(outFile: string): Promise<string> {
  const child = spawn(process.execPath, [BUILD, 'light', outFile], { stdio: 'inherit' });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`the runner could not be built (exit code ${code})`);
  return outFile;
}

export interface BenchRunner {
  readonly pid: number;
  /** Leads to the model. */
  readonly egressSocket: string;
  /** Resolves when it has nothing to do, after what was enqueued last. */
  idle(): Promise<void>;
  enqueue(id: string): void;
  stop(): Promise<void>;
}

/** Starts with one message waiting. */
export async function startRunner(bundle: string, dir: string, modelUrl: string): Promise<BenchRunner> {
  const folders = ['in', 'out', 'work', 'memory', 'home'].map((name) => join(dir, name));
  for (const folder of folders) mkdirSync(folder);
  const [inDir = '', outDir = '', workDir = '', memoryDir = '', homeDir = ''] = folders;
  writeFileSync(join(homeDir, 'AGENT.md'), 'You are a bench.');
  let idle = Promise.withResolvers<void>();
  let socket: Socket | null = null;
  const onFrame = (frame: RunnerFrame): void => {
    if (frame.t === 'idle') idle.resolve();
  };
  const hostSocket = join(dir, 'host.sock');
  const egressSocket = join(dir, 'egress.sock');
  const host = await listen(hostSocket, (connection) => {
    socket = connection;
    connection.setEncoding('utf8').on('data', (lines: string) => {
      for (const line of lines.split('\n')) if (line !== '') onFrame(JSON.parse(line));
    });
  });
  const egress = await listen(egressSocket, (inside) => {
    const outside = connect(Number(new URL(modelUrl).port), '127.0.0.1');
    outside.on('error', () => inside.destroy());
    inside.on('error', () => outside.destroy());
    inside.pipe(outside).pipe(inside);
  });
  const enqueue = (id: string): void => {
    idle = Promise.withResolvers();
    enqueueNow(inDir, id);
    socket?.write('{"t":"bell"}\n');
  };
  enqueue('first');
  const config: RunnerConfig = {
    ...{ session: 'bench', generation: 1, harness: 'light', agentName: 'bench', mode: 'run' },
    ...{ inDir, outDir, workDir, memoryDir, homeDir },
    extraDirs: [],
    skills: [],
    ...{
      socketPath: hostSocket,
      egressSocketPath: egressSocket,
      batchSize: 10,
      contextRows: 50,
      maxFileBytes: 1_000_000,
    },
    model: {
      ...{ provider: 'anthropic', model: 'bench', images: true },
      ...{ contextTokens: 200_000, maxOutputTokens: 4_000 },
    },
  };
  const child = spawn(process.execPath, ['--max-semi-space-size=1', bundle, JSON.stringify(config)], {
    stdio: ['ignore', 'inherit', 'inherit'],
    // As in a sandbox: no compiled code is kept from one start to the next.
    env: { ...process.env, NODE_COMPILE_CACHE: '' },
  });
  return {
    pid: child.pid ?? 0,
    egressSocket,
    idle: () => idle.promise,
    enqueue,
    stop: () => stop(child, [host, egress], socket),
  };
}

/** The runner may be reading just now: it lets go within a millisecond. */
function enqueueNow(inDir: string, id: string): void {
  for (;;) {
    const inbound = InboundMailbox.open(inDir);
    try {
      inbound.enqueue([message(id)]);
      return;
    } catch (error) {
      if (!isLater(error)) throw error;
    } finally {
      inbound.close();
    }
  }
}

async function listen(path: string, onConnection: (socket: Socket) => void): Promise<Server> {
  const server = createServer(onConnection);
  server.listen(path);
  await once(server, 'listening');
  return server;
}

async function stop(child: ChildProcess, servers: readonly Server[], socket: Socket | null): Promise<void> {
  socket?.write('{"t":"stop"}\n');
  await once(child, 'close');
  for (const server of servers) server.close();
}

function message(id: string) {
  return {
    ...({ id: id as MessageId, kind: 'chat', timestampMs: Date.now(), trigger: true, dueMs: 0 } as const),
    ...{
      content: JSON.stringify({ text: 'Are you there?', sender: 'bench' }),
      recurrence: null,
      seriesId: null,
    },
    ...{ channel: 'terminal', chat: 'bench', thread: null },
  };
}
