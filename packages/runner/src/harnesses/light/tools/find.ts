/** Looking around: folders, names, contents. */
import { glob as globFiles, readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { headOf } from '../text.ts';
import { pathFor } from './paths.ts';
import { runProcess } from './process.ts';
import { defineTool } from './tool.ts';

const MAX_ENTRIES = 500;
const MAX_SHOWN = 30_000;
/** They are written out before the search begins, each times the others, and nothing stops that. */
const MAX_BRACES = 2;
const GREP_SECONDS = 30;
/** Large, and never what was meant. */
const LEFT_OUT: readonly string[] = ['.git', 'node_modules'];

const path = z.string().max(4_000).optional();

export const list = defineTool({
  name: 'list',
  description: 'Lists a folder: names and sizes; folders end with a slash. Without a path: your workspace.',
  input: z.object({ path }),
  detail: (input) => input.path ?? '.',
  async run({ path: asked = '.' }, { place }) {
    const dir = await pathFor(place, asked, 'read');
    const entries = (await readdir(dir, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
    const lines = await Promise.all(
      entries.slice(0, MAX_ENTRIES).map(async (entry) => {
        if (entry.isDirectory()) return `${entry.name}/`;
        const size = entry.isFile()
          ? await stat(join(dir, entry.name)).then(
              (s) => s.size,
              () => 0,
            )
          : null;
        return size === null ? `${entry.name} (link or special)` : `${entry.name} (${size} bytes)`;
      }),
    );
    return withCount(lines, entries.length);
  },
});

export const glob = defineTool({
  name: 'glob',
  description: `Finds files by name, such as src/**/*.ts, below path (by default your workspace). ${LEFT_OUT.join(' and ')} are left out.`,
  input: z.object({ pattern: z.string().min(1).max(1_000), path }),
  detail: (input) => input.pattern,
  async run({ pattern, path: asked = '.' }, { place, tools }) {
    if (pattern.startsWith('/') || pattern.split('/').includes('..')) {
      throw new Error('a pattern begins below path, without .. and without / in front');
    }
    if (pattern.includes('..') || pattern.split('{').length > MAX_BRACES + 1) {
      throw new Error('a pattern has at most two {a,b}, and no range such as {1..9}');
    }
    const cwd = await pathFor(place, asked, 'read');
    const found: string[] = [];
    let count = 0;
    for await (const name of globFiles(pattern, { cwd, exclude: (name) => LEFT_OUT.includes(name) })) {
      tools.signal.throwIfAborted();
      count += 1;
      if (found.length < MAX_ENTRIES) found.push(name);
    }
    return withCount(found.sort(), count);
  },
});

export const grep = defineTool({
  name: 'grep',
  description:
    'Finds lines in text files by an extended regular expression, below path (by default your workspace). include narrows by file name, such as *.md.',
  input: z.object({
    pattern: z.string().min(1).max(1_000),
    path,
    include: z.string().max(200).optional(),
    ignore_case: z.boolean().optional(),
  }),
  detail: (input) => input.pattern,
  timeoutMs: () => GREP_SECONDS * 1_000,
  async run({ pattern, path: asked = '.', include, ignore_case }, { place, tools }) {
    const target = await pathFor(place, asked, 'read');
    // A process of its own: a pattern that takes for ever must not hold the runner. -r follows no links.
    const { output, code, why } = await runProcess({
      command: 'grep',
      args: [
        '-rnIE',
        '--max-count=200',
        ...(ignore_case ? ['-i'] : []),
        ...LEFT_OUT.map((dir) => `--exclude-dir=${dir}`),
        ...(include === undefined ? [] : [`--include=${include}`]),
        ...['-e', pattern, '--', relative(place.workDir, target) || '.'],
      ],
      cwd: place.workDir,
      env: place.env,
      timeoutMs: GREP_SECONDS * 1_000,
      signal: tools.signal,
    });
    if (why === 'time') throw new Error(`it took longer than ${GREP_SECONDS} s; look in a smaller folder`);
    if (code !== null && code > 1) throw new Error(headOf(output.trim(), 1_000));
    return output === '' ? '[nothing found]' : headOf(output.trimEnd(), MAX_SHOWN);
  },
});

function withCount(lines: readonly string[], count: number): string {
  if (count === 0) return '[nothing there]';
  return count > lines.length ? `${lines.join('\n')}\n[${count - lines.length} more]` : lines.join('\n');
}
