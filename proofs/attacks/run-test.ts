/** Runs the tests of one title in one file, in a process of its own, and says how each of them ended. */
import { relative } from 'node:path';
import { run } from 'node:test';

/** Longer than any of them may take. The tests' own limits are kept inside their process, which may be what hangs. */
const LIMIT_MS = 90_000;
/** What a broken guard was to bring about never comes: well within the limit, a test's wait says so. */
const PATIENCE_MS = 45_000;
/** Without its guard the product may leave open what keeps the process alive: it is not waited for once it is red. */
const RED_PATIENCE_MS = 3_000;
const TOLD_LINES = 4;
const TOLD = 240;

export interface Failure {
  readonly title: string;
  /** The lines of its words that tell most. */
  readonly said: string;
  /** An assertion of the test itself failed; else something was thrown that no test had asked about. */
  readonly asserted: boolean;
}

export interface Ran {
  /** From the root of the copy. */
  readonly file: string;
  readonly passed: number;
  readonly skipped: number;
  readonly failures: readonly Failure[];
}

/** @param file absolute. @param signal kills the process of the tests. */
export async function runTest(root: string, file: string, title: string, signal: AbortSignal): Promise<Ran> {
  const seen = { passed: 0, skipped: 0, failures: [] as Failure[] };
  const known = new AbortController();
  const stream = run({
    files: [file],
    testNamePatterns: [new RegExp(RegExp.escape(title))],
    cwd: root,
    env: { ...process.env, BELLHOP_TEST_PATIENCE_MS: String(PATIENCE_MS) },
    signal: AbortSignal.any([signal, known.signal, AbortSignal.timeout(LIMIT_MS)]),
  });
  for await (const { type, data } of stream) {
    if (type === 'test:pass' && data.details.type !== 'suite') {
      // A file without tests of that title passes under its own name.
      if (data.name === file) continue;
      seen[data.skip === undefined ? 'passed' : 'skipped'] += 1;
    }
    if (type === 'test:fail') {
      const { error } = data.details;
      // A parent fails with its children.
      if (failureType(error) === 'subtestsFailed') continue;
      const failure = failureOf(data.name, error);
      seen.failures.push(failure);
      if (failure.asserted) setTimeout(() => known.abort(), RED_PATIENCE_MS).unref();
    }
  }
  return { file: relative(root, file), ...seen };
}

function failureOf(title: string, error: Error): Failure {
  const cause = error.cause instanceof Error ? error.cause : error;
  const { code } = cause as NodeJS.ErrnoException;
  const lines = cause.message.split('\n').map((line) => line.trim());
  // Of a comparison what differs, and not its heading; of all else the beginning.
  const differing = lines.filter((line) => /^[+-] *\S{2}/.test(line) && line !== '+ actual - expected');
  const telling = differing.length > 0 ? differing : lines.filter((line) => line !== '');
  const said = telling.slice(0, TOLD_LINES).join(' / ');
  // What a hook says (a sandbox that does not start, something left behind) is not what the test is about.
  const asserted = code === 'ERR_ASSERTION' && failureType(error) !== 'hookFailed';
  return { title, said: said.length > TOLD ? `${said.slice(0, TOLD)} …` : said, asserted };
}

function failureType(error: Error): string | undefined {
  return (error as Error & { failureType?: string }).failureType;
}
