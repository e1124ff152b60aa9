/**
 * The program inside the sandbox: one JSON argument (protocol.ts), one session, one generation.
 *
 * Ends with 0 when it was told to stop or nobody has spoken to it for long; with another code when it cannot go on,
 * after a line on stderr that the host keeps (W18). A configuration it cannot read is an error, never a default (L14).
 */
import { OutboundMailbox, upgradeOutbound } from '@bellhop/mailbox/runner';
import { Bell } from './bell.ts';
import { Cancel } from './cancel.ts';
import type { Harness } from './harness.ts';
import { harnesses } from './harnesses/manifest.ts';
import { HostLink } from './host-link.ts';
import { runLoop } from './loop.ts';
import type { HostFrame, RunnerConfig } from './protocol.ts';

/** An idle runner whose host is gone for good ends itself after this, in milliseconds. */
const ORPHAN_MS = 10 * 60_000;
const ORPHAN_CHECK_MS = 30_000;

function readConfig(argument: string | undefined): RunnerConfig {
  if (!argument) throw new Error('the runner needs its configuration as one JSON argument');
  return JSON.parse(argument) as RunnerConfig;
}

function chooseHarness(name: string): Harness {
  const make = harnesses[name];
  if (!make) throw new Error(`there is no harness ${name}; known: ${Object.keys(harnesses).join(', ')}`);
  return make();
}

async function main(): Promise<void> {
  const config = readConfig(process.argv[2]);
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
  const harness = chooseHarness(config.harness);
  harness.start(config.workDir);
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
  outbound.close();
  if (cancel.abandoned) process.exit(0);
}

await main();
