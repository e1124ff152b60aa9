/**
 * Is Docker fit for our sandboxes on this machine? Image there or built, then the self-test that every runtime passes.
 *
 *   no engine answers ------------------------------> absent
 *   the same facts as in the last verdict ----------> that verdict (two short questions, about 40 ms)
 *   else: build what is missing, test --------------> a new verdict, written down
 *
 * A verdict holds for the facts it was made from: engine (id, version, runtime, security options, kernel), image by
 * content, our own flags, the data folder. Whatever could let a sandbox come out different changes one of them, and the
 * test is made anew. A refusal is remembered too, so that a start without a network does not wait for a pull each time;
 * naming Docker (`--sandbox docker`) tries again. An engine that does not tell those facts in Docker's words (podman) is
 * tested at each start.
 */

import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, realpath, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Owner } from '../arguments.ts';
import { DEFAULT_LIMITS, type RunningSandbox, type SandboxSpec, type SelfTest } from '../port.ts';
import { runSelfTest } from '../selftest.ts';
import { runArguments } from './arguments.ts';
import { type AskEngine, EngineError } from './engine.ts';
import { explainEngine } from './explain.ts';
import { type AgentImage, buildImage, imageId } from './image.ts';

const FACTS =
  '{{.ID}} {{.ServerVersion}} {{.DefaultRuntime}} {{.KernelVersion}} {{.CgroupVersion}} {{json .SecurityOptions}}';
/** What engines say when it is the limits that they cannot do. */
const LIMITS_REFUSED = /cgroup|memory limit|pids|cpus?[ -]?(limit|quota|cfs)|resource limits/i;

export interface Verdict {
  /** Null: these facts cannot be had, so it holds for nothing. */
  readonly facts: string | null;
  /** With bounds on memory, processes and CPU. */
  readonly limited: boolean;
  readonly result: SelfTest;
}

export interface Examined {
  readonly dataDir: string;
  readonly hostUid: number;
  readonly owner: Owner;
  readonly ask: AskEngine;
  readonly image: AgentImage;
  readonly insisted: boolean;
  readonly say: (line: string) => void;
  start(spec: SandboxSpec, limited: boolean): Promise<RunningSandbox>;
}

export async function examine(ground: Examined): Promise<Verdict> {
  const dataDir = await realpath(ground.dataDir);
  const seen = await look(ground, dataDir);
  if (!seen.answers)
    return { facts: null, limited: true, result: { ok: false, ...seen.reason, absent: true } };
  const last = await readVerdict(dataDir);
  if (last?.facts && last.facts === seen.facts && (last.result.ok || !ground.insisted)) return last;
  try {
    if (seen.imageId === null) await buildImage(ground.ask, ground.image, ground.say);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const { why, install } = explainEngine(error.message);
    return await remember(dataDir, { facts: seen.facts, limited: true, result: { ok: false, why, install } });
  }
  // What was true before a build is not what the next start will see.
  const now = seen.imageId === null ? await look(ground, dataDir) : seen;
  return await remember(dataDir, await test(ground, now.answers ? now.facts : null));
}

async function test(ground: Examined, facts: string | null): Promise<Verdict> {
  const once = async (limited: boolean): Promise<Verdict> => {
    const result = await testSandboxes(ground, (spec) => ground.start(spec, limited));
    return { facts, limited, result };
  };
  const bounded = await once(true);
  const { result } = bounded;
  return !result.ok && LIMITS_REFUSED.test(result.why) ? await once(false) : bounded;
}

/** The self-test, in sandboxes that are started so. */
export function testSandboxes(
  { dataDir, owner, hostUid }: Pick<Examined, 'dataDir' | 'owner' | 'hostUid'>,
  start: (spec: SandboxSpec) => Promise<RunningSandbox>,
): Promise<SelfTest> {
  return runSelfTest({ start, dataDir, owner, hostIsRoot: hostUid === 0, ...WORDS });
}

const WORDS = { name: 'Docker', install: 'look at it by hand: docker info', bounded: true };

type Seen =
  | { readonly answers: true; readonly facts: string | null; readonly imageId: string | null }
  | { readonly answers: false; readonly reason: { readonly why: string; readonly install: string } };

async function look({ ask, image, owner }: Examined, dataDir: string): Promise<Seen> {
  const [facts, id] = await Promise.all([
    ask(['info', '--format', FACTS]).catch(() => null),
    imageId(ask, image).catch((error: Error) => error),
  ]);
  if (id instanceof Error) return { answers: false, reason: explainEngine(id.message) };
  if (facts === null) return { answers: true, facts: null, imageId: id };
  const spec = { mark: 'bellhop:facts', workDir: '/', env: {}, command: [], limits: DEFAULT_LIMITS };
  const mounts = [{ from: dataDir, target: '/data', writable: true }];
  const flags = { spec, mounts, etcFrom: '', owner, timeZone: '', image: image.tag, limited: true };
  const all = JSON.stringify([facts, id, runArguments(flags)]);
  return { answers: true, facts: createHash('sha256').update(all).digest('hex'), imageId: id };
}

/** Null when Docker was never examined for this data folder, or that cannot be read any more. */
async function readVerdict(dataDir: string): Promise<Verdict | null> {
  try {
    return JSON.parse(await readFile(verdictFile(dataDir), 'utf8')) as Verdict;
  } catch (error) {
    const unreadable = error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (!unreadable) throw error;
    return null;
  }
}

async function remember(dataDir: string, verdict: Verdict): Promise<Verdict> {
  const file = verdictFile(dataDir);
  await mkdir(dirname(file), { recursive: true });
  await chmod(dirname(file), 0o711);
  // Only the host reads and writes here; in one step, so that a crash leaves the old one.
  await writeFile(`${file}.new`, `${JSON.stringify(verdict)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return verdict;
}

function verdictFile(dataDir: string): string {
  return join(dataDir, 'sandbox', 'docker.json');
}
