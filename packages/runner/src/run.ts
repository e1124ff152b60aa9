/**
 * The program inside the sandbox: one JSON argument (protocol.ts), one session, one generation. Each program of this
 * package (main.ts, light.ts) is this with harnesses of its own.
 *
 * Ends with 0 when it was told to stop or nobody has spoken to it for long; with another code when it cannot go on,
 * after a line on stderr that the host keeps (W18). A configuration it cannot read is an error, never a default (L14).
 */
import { point } from '@bellhop/mailbox';
import { OutboundMailbox, upgradeOutbound } from '@bellhop/mailbox/runner';
import { Bell } from './bell.ts';
import { Cancel } from './cancel.ts';
import type { Harness, Harnesses } from './harness.ts';
import { HostLink } from './host-link.ts';
import { runLoop } from './loop.ts';
import type { HostFrame, RunnerConfig } from './protocol.ts';
import { openRelay, wayOut } from './relay.ts';

/** An idle runner whose host is gone for good ends itself after this, in milliseconds. */
const ORPHAN_MS = 10 * 60_000;
const ORPHAN_CHECK_MS = 30_000;

function readConfig(argument: string | undefined): RunnerConfig {
  if (!argument) throw new Error('the runner needs its configuration as one JSON argument');
  return JSON.parse(argument) as RunnerConfig;
}

function chooseHarness(harnesses: Harnesses, name: string): Harness {
  const make = harnesses[name];
  if (!make) throw new Error(`there is no harness ${name}; known: ${Object.keys(harnesses).join(', ')}`);
  return make();
}

/** Resolves when the runner has ended. */
export async function run(harnesses: Harnesses, argument: string | undefined): Promise<void> {
  const config = readConfig(argument);
  // The host reads them; one that died and was replaced does not, and a word that nobody hears must not end the turn.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  // Group and world see nothing of what the agent writes; the host is the same user, or root.
  process.umask(0o077);
  upgradeOutbound(config.outDir, config.inDir);
  const outbound = OutboundMailbox.open(config.outDir, config.generation);
  if (config.mode === 'recover') {
    outbound.recover(Date.now());
    outbound.close();
    return;
  }
  // A tool that a dead runner left on record does not run any more.
  outbound.setTool(null, Date.now());
  const harness = chooseHarness(harnesses, config.harness);
  const relay = config.egressSocketPath === '' ? null : await openRelay(config.egressSocketPath);
  const { modelUrl, variables } = wayOut(relay?.port ?? null);
  const { workDir, memoryDir, homeDir, inDir, extraDirs, skills, model } = config;
  const env = { ...process.env, ...variables };
  harness.start({
    workDir,
    memoryDir,
    homeDir,
    inDir,
    extraDirs,
    skills,
    model,
    modelUrl,
    env,
    now: Date.now,
  });
  const bell = new Bell();
  const cancel = new Cancel();
  const onFrame: Readonly<Record<HostFrame['t'], () => void>> = {
    bell: () => bell.ring(),
    stop: () => bell.close(),
    cancel: () => cancel.ring(),
  };
  const ready = { t: 'ready', generation: config.generation } as const;
  const link = new HostLink(config.socketPath, ready, (frame) => onFrame[frame.t]?.());
  process.on('SIGTERM', () => bell.close());
  const orphan = setInterval(() => {
    if (!link.connected && Date.now() - link.lastSeenMs > ORPHAN_MS) bell.close();
  }, ORPHAN_CHECK_MS);
  link.open();
  await link.connectedOnce();
  point('runner.ready');
  await runLoop({
    config,
    outbound,
    harness,
    bell,
    cancel,
    emit: (frame) => link.send(frame),
    now: Date.now,
  });
  clearInterval(orphan);
  await link.close();
  relay?.close();
  outbound.close();
  if (cancel.abandoned) process.exit(0);
}
