/**
 * `./bellhop doctor [--json] [--fix] [--sandbox KIND]`: looks at all that a promise rests on, whether a host runs or not. It has a scratch
 * folder and marks of its own, and touches nothing that runs.
 *
 * Exit codes: 0 all is well, 1 there is a warning, 2 an error (or wrong words), 130 it was interrupted.
 */

import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import packageJson from '../package.json' with { type: 'json' };
import { systemClock } from './clock.ts';
import { LOOKS } from './doctor/list.ts';
import { openToLook } from './doctor/open-to-look.ts';
import type { Finding, Ground, Look } from './doctor/port.ts';
import { exitCode, groupLines, summary, toCheck } from './doctor/report.ts';
import { takeEnvironment } from './egress/environment.ts';
import { Keys } from './egress/keys.ts';
import { EgressProcess } from './egress/process.ts';
import { closedSecrets } from './egress/secrets.ts';
import { Vault } from './egress/vault.ts';
import { makeFolder } from './folders.ts';
import { readNote, takeLock } from './lock.ts';
import { createBwrapRuntime, createDockerRuntime } from './sandboxes/index.ts';
import { readTimeZone } from './time-zone.ts';
import { readSandbox, type UpOptions, UsageError } from './up.ts';

const INTERRUPTED = 130;
const QUIET = { info: () => undefined, warn: () => undefined, error: () => undefined };

async function main(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      data: { type: 'string' },
      sandbox: { type: 'string' },
      json: { type: 'boolean' },
      fix: { type: 'boolean' },
    },
  });
  const dataDir = resolve(values.data ?? (process.env.BELLHOP_DATA || join(homedir(), '.bellhop')));
  // Sandboxes of a root host are another user, who must be able to walk through.
  const scratch = await mkdtemp(join(tmpdir(), 'bellhop-doctor-'));
  await chmod(scratch, 0o711);
  const interrupted = { is: false };
  // A reader that has seen enough (`| head`) ends nothing: what was begun is put away.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  // What was started ends by itself in a moment, and is put away then. Who cannot wait asks twice.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => {
      interrupted.is = true;
    });
  try {
    // As the host that runs here, or a start without words: no image is built for a sandbox that nobody uses.
    const sandbox = readSandbox(values.sandbox ?? readNote(dataDir)?.sandbox ?? 'auto');
    return await examine(groundAt(dataDir, scratch, sandbox), interrupted, {
      json: values.json === true,
      fix: values.fix === true,
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function examine(
  ground: Ground,
  interrupted: { readonly is: boolean },
  wanted: { readonly json: boolean; readonly fix: boolean },
): Promise<number> {
  const say = (line: string) => void (wanted.json ? undefined : process.stdout.write(`${line}\n`));
  // All at once: the slow ones start processes, and wait.
  const looking = LOOKS.map(([title, look]) => ({ title, look, found: examined(look, ground) }));
  if (!wanted.json && process.stderr.isTTY) process.stderr.write('Looking; real sandboxes take a moment …\n');
  const all: Finding[] = [];
  for (const { title, look, found } of looking) {
    const before = await found;
    // The others are waited for, so that nothing of theirs is left.
    if (interrupted.is) continue;
    const done = wanted.fix ? await mended(before) : [];
    const findings = done.length > 0 ? await examined(look, ground) : before;
    all.push(...findings);
    if (findings.length > 0)
      for (const line of groupLines({ title, findings }, process.stdout.isTTY)) say(line);
    for (const words of done) (wanted.json ? console.error : say)(`  ${words}`);
  }
  if (interrupted.is) return INTERRUPTED;
  say(summary(all));
  if (!wanted.fix && all.some(({ mend }) => mend))
    say('Some of it can be mended at once: ./bellhop doctor --fix');
  if (wanted.json) console.log(JSON.stringify({ checks: all.map(toCheck) }, null, 2));
  return exitCode(all);
}

/** One look that breaks is a finding, and ends none of the others. */
async function examined(look: Look, ground: Ground): Promise<readonly Finding[]> {
  try {
    return await look(ground);
  } catch (error) {
    const { message, hint } = error as Error & { hint?: string };
    return [
      {
        id: 'look',
        severity: 'error',
        what: `It cannot be looked at: ${message}.`,
        fix: hint ?? './bellhop logs',
      },
    ];
  }
}

async function mended(findings: readonly Finding[]): Promise<string[]> {
  const done: string[] = [];
  for (const { mend } of findings) {
    if (!mend) continue;
    done.push(
      await mend().then(
        (words) => `Mended: ${words}`,
        // The finding stays, and says what to type instead.
        (error: Error) => `NOT mended: ${error.message}.`,
      ),
    );
  }
  return done;
}

function groundAt(dataDir: string, scratch: string, sandbox: UpOptions['sandbox']): Ground {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  const timeZone = readTimeZone(process.env);
  const env = takeEnvironment(process.env);
  const who = { dataDir: scratch, hostUid: uid, hostGid: gid };
  const installId = installIdAt(dataDir);
  const { BELLHOP_DOCKER: program, BELLHOP_BASE_IMAGE: base } = process.env;
  const image = {
    installId: installId ?? 'doctor',
    insisted: true,
    program: program || undefined,
    base: base || undefined,
  };
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  const vault = () => new Vault(join(dataDir, 'egress'), env.BELLHOP_KEY || undefined, 'look');
  return {
    dataDir,
    uid,
    nowMs: systemClock.now(),
    isUp: isUp(dataDir),
    version: packageJson.version,
    timeZone,
    installId,
    runtimes: [createDockerRuntime({ ...who, ...image, say }), createBwrapRuntime(who)].filter(
      ({ kind }) => sandbox === 'auto' || sandbox === 'none' || kind === sandbox,
    ),
    keys: () => new Keys(vault(), env).states,
    closedSecrets: () => closedSecrets(vault()),
    async openWayOut() {
      const folders = { dataDir: scratch, user: null };
      await makeFolder(folders, 'private', 'egress');
      const folder = await makeFolder(folders, 'private', 'run', 'doctor');
      // No key goes there, and no Ollama is looked for.
      const egress = new EgressProcess({
        folders,
        clock: systemClock,
        log: QUIET,
        env: { OLLAMA_HOST: '127.0.0.1:9' },
      });
      egress.start();
      return { egress, folder, stop: () => egress.stop() };
    },
  };
}

/** Whoever gets the lock is alone; it is given back at once. With one that cannot be taken nobody can tell. */
function isUp(dataDir: string): boolean {
  if (!existsSync(join(dataDir, 'host.lock'))) return false;
  try {
    const lock = takeLock(dataDir);
    lock?.letGo();
    return lock === null;
  } catch (unusable) {
    // Told by the look at the folder; until it is mended nothing is touched.
    if (unusable instanceof Error) return true;
    throw unusable;
  }
}

function installIdAt(dataDir: string): string | null {
  const path = join(dataDir, 'bellhop.db');
  if (!existsSync(path)) return null;
  try {
    const db = openToLook(path);
    try {
      const row = db.prepare("SELECT value FROM settings WHERE name = 'install_id'").get();
      return row ? String(row.value) : null;
    } finally {
      db.close();
    }
  } catch (unreadable) {
    // Whether it can be read is looked at by itself.
    if (unreadable instanceof Error) return null;
    throw unreadable;
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  if (!code?.startsWith('ERR_PARSE_ARGS') && !(error instanceof UsageError)) throw error;
  console.error(`bellhop: ${message.split('. ')[0]}\n  See: ./bellhop help doctor`);
  process.exitCode = 2;
}
