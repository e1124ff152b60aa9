/**
 * Runs test files, each in a process of its own, one more at once than there are cores, and reports one line per file:
 * what a file printed is shown only when it failed.
 */
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { run } from 'node:test';

/**
 * A file hangs when it has told nothing for so long: no test begun or ended, no word printed. Each single wait of a test
 * gives up before (PATIENCE_MS of until.ts). No limit on a whole file, which a slow machine would meet.
 */
const SILENCE_MS = 15 * 60_000;
const WATCH_MS = 1000;
/** Files that talk to an engine wait for half of their time; with one per core an eighth of the machine was idle. */
const WAITING = 1;

export interface FileResult {
  readonly path: string;
  readonly ms: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface Running {
  passed: number;
  skipped: string[];
  failures: string[];
  output: string;
}

export async function runFiles(
  root: string,
  files: string[],
  say: (line: string) => void,
  now: () => number = () => performance.now(),
): Promise<FileResult[]> {
  const running = new Map<string, Running>();
  const of = (file: string | undefined): Running => {
    const path = file ?? '?';
    const known = running.get(path) ?? { passed: 0, skipped: [], failures: [], output: '' };
    running.set(path, known);
    return known;
  };
  const results: FileResult[] = [];
  const hanging = new AbortController();
  const lastMoved = new Map<string, { readonly atMs: number; readonly test: string }>();
  const watch = setInterval(() => {
    for (const [file, { atMs, test }] of lastMoved) {
      if (hanging.signal.aborted || now() - atMs < SILENCE_MS) continue;
      const since = `has told nothing for ${SILENCE_MS / 60_000} minutes, last of "${test}"`;
      say(`FAIL  ${relative(root, file)} ${since}; the run ends here`);
      of(file).failures.push(`the file hangs\n${since}`);
      hanging.abort();
    }
  }, WATCH_MS);
  const stream = run({
    files,
    concurrency: availableParallelism() + WAITING,
    signal: hanging.signal,
    cwd: root,
  });
  for await (const { type, data } of stream) {
    const entry = entryOf(data);
    // All files are enqueued at the start; one moves from when it is dequeued.
    if (entry !== undefined && (type === 'test:dequeue' || lastMoved.has(entry))) {
      const test = 'name' in data ? data.name : (lastMoved.get(entry)?.test ?? '');
      lastMoved.set(entry, { atMs: now(), test });
    }
    switch (type) {
      case 'test:pass':
        if (data.details.type === 'suite') break;
        if (data.skip !== undefined) of(entry).skipped.push(`${data.name}${reason(data.skip)}`);
        else of(entry).passed += 1;
        break;
      case 'test:fail':
        // A parent fails with its children; only where it went wrong is counted.
        if (data.details.error.cause !== undefined && isChildFailure(data.details.error)) break;
        of(entry).failures.push(`${data.name}\n${describe(data.details.error)}`);
        break;
      case 'test:stdout':
      case 'test:stderr':
        of(data.file).output += data.message;
        break;
      case 'test:summary':
        if (data.file === undefined) break;
        results.push(report(root, data.file, data.duration_ms, of(data.file), say));
        running.delete(data.file);
        lastMoved.delete(data.file);
    }
  }
  clearInterval(watch);
  for (const [file, rest] of running) {
    if (rest.failures.length > 0) results.push(report(root, file, 0, rest, say));
  }
  return results;
}

/** The test file that an event is of; a suite shared by several files stands in a file of its own. */
function entryOf(data: { readonly entryFile?: string | undefined; readonly file?: string | undefined }) {
  return data.entryFile ?? data.file;
}

function report(
  root: string,
  file: string,
  ms: number,
  of: Running,
  say: (line: string) => void,
): FileResult {
  const path = relative(root, file);
  const { passed, skipped, failures } = of;
  const mark = failures.length > 0 ? 'FAIL' : 'ok  ';
  say(
    `${mark} ${seconds(ms)}  ${path}  (${passed} passed${failures.length ? `, ${failures.length} failed` : ''})`,
  );
  for (const skip of skipped) say(`       skipped: ${skip}`);
  for (const failure of failures) say(indented(`not ok: ${failure}`));
  if (failures.length > 0 && of.output.trim() !== '') say(indented(`it printed:\n${of.output.trimEnd()}`));
  return { path, ms, passed, failed: failures.length, skipped: skipped.length };
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1).padStart(5)} s`;
}

function reason(skip: string | boolean): string {
  return typeof skip === 'string' && skip !== '' ? ` (${skip})` : '';
}

function isChildFailure(error: Error): boolean {
  return (error as NodeJS.ErrnoException & { failureType?: string }).failureType === 'subtestsFailed';
}

function describe(error: Error): string {
  const cause = error.cause instanceof Error ? error.cause : error;
  return cause.stack ?? cause.message;
}

function indented(text: string): string {
  return text.replace(/^/gm, '       ');
}
