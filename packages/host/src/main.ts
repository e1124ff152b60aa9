/**
 * `./bellhop up`: sets everything up, runs the host until a signal, stops it cleanly.
 *
 * Exit codes: 0 stopped as asked, 1 it could not start, 2 wrong usage, 3 another host runs on this data.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import packageJson from '../package.json' with { type: 'json' };
import { createStatusPage, listenOnLoopback } from './api/server.ts';
import { systemClock } from './clock.ts';
import { prepareDataFolder } from './data-folder.ts';
import { takeEnvironment } from './egress/environment.ts';
import { EgressProcess } from './egress/process.ts';
import { type Folders, makeFolder } from './folders.ts';
import { startHost } from './host.ts';
import { readNote, takeLock } from './lock.ts';
import { openLog } from './log.ts';
import { ensureRunner, removeOldRunners } from './runner-bundle.ts';
import {
  chooseRuntime,
  createBwrapRuntime,
  createNoneRuntime,
  type SandboxRuntime,
} from './sandboxes/index.ts';
import { readSettings } from './settings.ts';
import { openStore } from './store/sqlite.ts';
import { readUpOptions, StartError, type UpOptions, USAGE, UsageError } from './up.ts';

const EXIT = { ok: 0, failed: 1, usage: 2, running: 3 } as const;

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function up(options: UpOptions): Promise<number> {
  // Files that the sandbox's group must read get their rights one by one; nobody else ever reads anything.
  process.umask(process.getuid?.() === 0 ? 0o027 : 0o077);
  const folders = await prepareDataFolder(options.dataDir, process.getuid?.() ?? 0);
  const { dataDir } = folders;
  const lock = takeLock(dataDir);
  if (!lock) {
    const note = readNote(dataDir);
    const where = note ? `at ${note.url} (process ${note.pid})` : 'and is just starting';
    say(
      `Bellhop already runs on ${dataDir}, ${where}.\n  Talk to it: ./bellhop chat    Stop it: ./bellhop stop`,
    );
    return EXIT.running;
  }
  const log = openLog(dataDir, systemClock.now);
  const settings = readSettings(dataDir);
  await makeFolder(folders, 'private', 'egress');
  // First, and beside all that follows: without it no sandbox starts. From here on the keys are its alone.
  const egress = new EgressProcess({ folders, clock: systemClock, log, env: takeEnvironment(process.env) });
  egress.start();
  const store = openStore(join(dataDir, 'bellhop.db'));
  const runtime = await findRuntime(folders, options);
  const runnerDir = await ensureRunner(folders, () => say('Building the runner …'));
  const page = await listenOnLoopback(options.port, createStatusPage(packageJson.version), log);
  if (options.port !== 0 && page.port !== options.port)
    say(`Port ${options.port} is busy; using ${page.port}.`);
  const url = `http://127.0.0.1:${page.port}/`;
  const stopping = Promise.withResolvers<string>();
  const host = await startHost({
    folders,
    store,
    settings,
    runtime,
    runnerDir,
    egress,
    clock: systemClock,
    log,
    channels: [],
    version: packageJson.version,
    harness: process.env.BELLHOP_HARNESS || null,
    url,
    onStop: () => stopping.resolve('./bellhop stop'),
  });
  await removeOldRunners(folders, runnerDir);
  lock.note({ pid: process.pid, url });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => stopping.resolve(signal));
  }
  process.stdout.write(`Bellhop is ready in ${(performance.now() / 1_000).toFixed(1)} s: ${url}\n`);
  say('Talk to it in another terminal: ./bellhop chat    Ctrl-C stops it.');
  log.info('ready', { url, sandbox: runtime.kind, version: packageJson.version });
  if (options.open) openInBrowser(url);

  const why = await stopping.promise;
  say('Stopping …');
  log.info('stopping', { why });
  await host.stop();
  await egress.stop();
  await page.close();
  await store.close();
  log.info('stopped');
  lock.release();
  await host.closeSocket();
  log.close();
  return EXIT.ok;
}

async function findRuntime(folders: Folders, options: UpOptions): Promise<SandboxRuntime> {
  const hostUid = process.getuid?.() ?? 0;
  const runtimes = [
    createBwrapRuntime({ dataDir: folders.dataDir, hostUid, hostGid: process.getgid?.() ?? 0 }),
    createNoneRuntime(),
  ];
  const choice = await chooseRuntime(options.sandbox, runtimes);
  if (!choice.ok) throw new StartError(`no sandbox can be used: ${choice.why}`, choice.install);
  if (choice.runtime.warning) say(`WARNING: ${choice.runtime.warning}`);
  return choice.runtime;
}

/** Only where a person sits in front of a desktop. */
function openInBrowser(url: string): void {
  const desktop = process.platform === 'darwin' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY;
  if (!process.stdout.isTTY || !desktop || process.env.CI) return;
  const opener = spawn(process.platform === 'darwin' ? 'open' : 'xdg-open', [url], {
    detached: true,
    stdio: 'ignore',
  });
  // No opener on this desktop: the address is on the screen.
  opener.on('error', () => undefined);
  opener.unref();
}

async function main(): Promise<number> {
  try {
    const options = readUpOptions(process.argv.slice(2), process.env);
    if (options) return await up(options);
    process.stdout.write(USAGE);
    return EXIT.ok;
  } catch (error) {
    if (error instanceof UsageError) {
      say(`${error.message}\n\n${USAGE}`);
      return EXIT.usage;
    }
    const hint = (error as { hint?: unknown }).hint;
    say(`Bellhop could not start: ${error instanceof Error ? error.message : String(error)}`);
    if (typeof hint === 'string') say(`  ${hint}`);
    return EXIT.failed;
  }
}

process.exit(await main());
