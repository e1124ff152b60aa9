/**
 * `./bellhop up`: sets everything up, runs the host until a signal, stops it cleanly.
 *
 * Exit codes: 0 stopped as asked, 1 it could not start, 2 wrong usage, 3 another host runs on this data, 128 + the
 * signal's number when it was ended while it installed something.
 */
import { spawn } from 'node:child_process';
import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { join } from 'node:path';
import type { Channel } from '@bellhop/channels';
import { createServedChannel } from '@bellhop/channels/served';
import packageJson from '../package.json' with { type: 'json' };
import { LINK_LIFE_MS } from './api/owner-app.ts';
import { listenForPage } from './api/server.ts';
import { removeOldBuilds } from './built-folder.ts';
import { systemClock } from './clock.ts';
import { prepareDataFolder } from './data-folder.ts';
import { createDisk } from './disk.ts';
import { takeEnvironment } from './egress/environment.ts';
import { EgressProcess } from './egress/process.ts';
import { installIdOf } from './first-start.ts';
import { type Folders, makeFolder } from './folders.ts';
import { startHost } from './host.ts';
import { readNote, takeLock } from './lock.ts';
import { openLog } from './log.ts';
import { ensurePage } from './page-bundle.ts';
import { ensureRunner } from './runner-bundle.ts';
import {
  chooseRuntime,
  createBwrapRuntime,
  createDockerRuntime,
  createNoneRuntime,
  InstallInterrupted,
  installPackage,
  type SandboxRuntime,
} from './sandboxes/index.ts';
import { readSettings } from './settings.ts';
import type { Store } from './store/port.ts';
import { passwordHash } from './store/sign-ins.ts';
import { openStore } from './store/sqlite.ts';
import { readTimeZone } from './time-zone.ts';
import { isLoopback, pageUrl, readUpOptions, StartError, type UpOptions, USAGE, UsageError } from './up.ts';

/** The link that `up` prints: for somebody who starts it now and looks at it later. */
const FIRST_LINK_LIFE_MS = 24 * 3_600_000;
const EXIT = { ok: 0, failed: 1, usage: 2, running: 3 } as const;

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** What a program puts in that is this one with more: the proofs have a platform and a runtime of their own. */
export interface Additions {
  readonly channels: readonly Channel[];
  /** The runtime that was chosen, or one around it. */
  readonly around: (runtime: SandboxRuntime) => SandboxRuntime;
}

const NOTHING_MORE: Additions = { channels: [], around: (runtime) => runtime };

async function up(options: UpOptions, additions: Additions): Promise<number> {
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
  const zone = readTimeZone(process.env);
  // All that is started from here on has the same.
  process.env.TZ = zone.name;
  say(zone.warning === null ? `The time zone is ${zone.name}.` : `WARNING: ${zone.warning}.`);
  await makeFolder(folders, 'private', 'egress');
  // First, and beside all that follows: without it no sandbox starts. From here on the keys are its alone.
  const egress = new EgressProcess({ folders, clock: systemClock, log, env: takeEnvironment(process.env) });
  egress.start();
  const store = openStore(join(dataDir, 'bellhop.db'));
  await checkHost(options, store);
  const { runtime, others } = await findRuntime(
    folders,
    options,
    await installIdOf(store, randomUUID().slice(0, 8)),
  );
  const runnerDir = await ensureRunner(folders, () => say('Building the runner …'));
  // A page that was built elsewhere spares the tests a build for each data folder.
  const siteDir = process.env.BELLHOP_PAGE || (await ensurePage(folders, () => say('Building the page …')));
  const page = await listenForPage(options.host, options.port, log);
  if (options.port !== 0 && page.port !== options.port)
    say(`Port ${options.port} is busy; using ${page.port}.`);
  const url = pageUrl(options.host, page.port);
  const stopping = Promise.withResolvers<string>();
  await egress.settled();
  const host = await startHost({
    folders,
    store,
    settings,
    runtime: additions.around(runtime),
    others,
    runnerDir,
    egress,
    clock: systemClock,
    newId: randomUUIDv7,
    disk: createDisk(dataDir),
    log,
    serve: createServedChannel,
    channels: additions.channels,
    version: packageJson.version,
    timeZone: zone.name,
    harness: process.env.BELLHOP_HARNESS || null,
    page,
    url,
    siteDir,
    onStop: () => stopping.resolve('./bellhop stop'),
  });
  for (const refusal of host.refusedFolders) say(`WARNING: ${refusal}`);
  // Which runner each of them has is nowhere noted: all of them stay until a start that finds none running (H9).
  if (host.takenOver === 0) await removeOldBuilds(runnerDir);
  if (!process.env.BELLHOP_PAGE) await removeOldBuilds(siteDir);
  lock.note({ pid: process.pid, url, sandbox: runtime.kind });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    if (signal !== 'SIGHUP' || !survivesHangUp) process.on(signal, () => stopping.resolve(signal));
  }
  process.stdout.write(
    `Bellhop is ready in ${(performance.now() / 1_000).toFixed(1)} s: ${host.signInLink(FIRST_LINK_LIFE_MS)}\n`,
  );
  say('Talk to it in another terminal: ./bellhop chat    Ctrl-C stops it.');
  log.info('ready', { url, sandbox: runtime.kind, version: packageJson.version, timeZone: zone.name });
  if (options.open) openInBrowser(host.signInLink(LINK_LIFE_MS));

  const why = await stopping.promise;
  say('Stopping …');
  log.info('stopping', { why });
  await host.stop();
  await egress.stop();
  await store.close();
  log.info('stopped');
  lock.release();
  await host.closeSocket();
  log.close();
  return EXIT.ok;
}

async function findRuntime(
  folders: Folders,
  options: UpOptions,
  installId: string,
): Promise<{ runtime: SandboxRuntime; others: SandboxRuntime[] }> {
  const user = { hostUid: process.getuid?.() ?? 0, hostGid: process.getgid?.() ?? 0 };
  const { dataDir } = folders;
  const insisted = options.sandbox === 'docker';
  const { program, base } = options;
  const runtimes = [
    createDockerRuntime({ dataDir, ...user, installId, insisted, program, base, say }),
    createBwrapRuntime({ dataDir, ...user }),
    createNoneRuntime(),
  ];
  const choice = await chooseRuntime(options.sandbox, runtimes, (name) => {
    say(`The sandbox of an agent needs ${name}, which is missing on this machine.`);
    return installPackage(name, options.yes);
  });
  if (!choice.ok) throw new StartError(`no sandbox can be used: ${choice.why}`, choice.install);
  const { runtime, warnings, passedOver } = choice;
  for (const { why, install } of passedOver) {
    say(`Using ${runtime.kind}: ${why}. To change that: ${install}; then ./bellhop up --sandbox docker`);
  }
  for (const warning of [runtime.warning ?? [], warnings].flat()) say(`WARNING: ${warning}`);
  return { runtime, others: runtimes.filter((other) => other !== runtime) };
}

/** Whoever reaches the address could try to sign in: there must be something to know. */
async function checkHost({ host }: UpOptions, store: Store): Promise<void> {
  if (isLoopback(host) || (await passwordHash(store.read)) !== null) return;
  throw new StartError(
    `--host ${host} lets other machines reach the page, and no password is set`,
    'Start it without --host, set one with ./bellhop password, then start it again with --host.',
  );
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

/** Started by nohup: the launcher found hang-ups ignored, and Node has put that back. */
const survivesHangUp = process.env.BELLHOP_NOHUP === '1';

/** Resolves to the exit code when the host has ended. */
export async function main(additions: Additions): Promise<number> {
  // Nobody may read any more what is said here (`up | head`, a terminal that was closed): the host goes on, and a stop
  // stays a clean one. What matters is in its log.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  if (survivesHangUp) process.on('SIGHUP', () => undefined);
  try {
    const options = readUpOptions(process.argv.slice(2), process.env);
    if (options) return await up(options, additions);
    process.stdout.write(USAGE);
    return EXIT.ok;
  } catch (error) {
    if (error instanceof UsageError) {
      say(`${error.message}\n\n${USAGE}`);
      return EXIT.usage;
    }
    if (error instanceof InstallInterrupted) return error.exitCode;
    const hint = (error as { hint?: unknown }).hint;
    say(`Bellhop could not start: ${error instanceof Error ? error.message : String(error)}`);
    if (typeof hint === 'string') say(`  ${hint}`);
    return EXIT.failed;
  }
}

if (import.meta.main) process.exit(await main(NOTHING_MORE));
