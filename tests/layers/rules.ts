/**
 * The layers of docs/ARCHITECTURE.md as tables, and the check that holds a set of files against them. Pure: files come
 * in as text, so that the check itself is tested on bad samples.
 *
 * To allow a new import, change a table, not the code below it.
 */
import { posix } from 'node:path';
import { type Import, readSource, type Source } from './source.ts';

interface PackageRule {
  /** Entries of our other packages that it may import; 'type' = by `import type` alone. */
  readonly ours: Readonly<Record<string, 'value' | 'type'>>;
  /** May it import from the registry at all? Which packages, package.json says. */
  readonly thirdParty: boolean;
  /** Runs in a browser: there is no Node. */
  readonly inBrowser?: true;
}

const PACKAGES: Readonly<Record<string, PackageRule>> = {
  mailbox: { ours: {}, thirdParty: false },
  // Its libraries are for light.ts alone: what harnesses without a model load stays Node and ours (LIBRARIES).
  runner: { ours: { '@bellhop/mailbox': 'value', '@bellhop/mailbox/runner': 'value' }, thirdParty: true },
  channels: { ours: {}, thirdParty: true },
  host: {
    ours: {
      '@bellhop/mailbox': 'value',
      '@bellhop/mailbox/host': 'value',
      '@bellhop/channels': 'value',
      '@bellhop/channels/served': 'value',
      '@bellhop/runner/protocol': 'value',
    },
    thirdParty: true,
  },
  cli: { ours: { '@bellhop/host/api': 'type' }, thirdParty: false },
  web: { ours: { '@bellhop/host/api': 'type' }, thirdParty: true, inBrowser: true },
};

/** Where a package with a small program beside a big one may use the registry's packages. */
const LIBRARIES: Readonly<Record<string, string>> = { runner: 'packages/runner/src/harnesses/light/' };

/** What a folder of the host shows to the other folders; files directly in host/src are open to all but for main.ts. */
const PORT_FILES: readonly string[] = ['port.ts', 'contract.ts', 'types.ts'];
const OPEN_TO_OTHERS: Readonly<Record<string, readonly string[] | 'all'>> = {
  // The store's files are functions over a transaction: each is the port to its table.
  store: 'all',
  delivery: ['content.ts', 'notice.ts', 'links/live.ts'],
  // What both sides of the process boundary read: a table, and how hosts and paths are spelled.
  egress: ['providers.ts', 'policy/host-names.ts', 'policy/paths.ts', 'audit/chain.ts'],
};

/** Only import() splits a bundle: Markdown is a chunk that the page loads after it is on the screen. */
const MAY_SPLIT: readonly string[] = ['packages/web/src/main.ts'];

/** The program of a package: may import everything in it, and nobody imports it. */
const PROGRAM = 'main.ts';
/** Where a package is put together; `host.ts` apart from the program, so that two hosts can live in one process. */
const COMPOSITION_ROOTS: readonly string[] = [PROGRAM, 'host.ts', 'apps.ts', 'doctor.ts'];
const NAMELESS_FOLDERS: readonly string[] = ['common', 'util', 'utils', 'shared', 'helpers', 'lib'];

export interface Violation {
  readonly file: string;
  readonly rule: string;
}

/** `files`: path from the repository's root (packages/host/src/…) to text. Sorted by file. */
export function violations(files: Readonly<Record<string, string>>): Violation[] {
  const sources = new Map(
    Object.entries(files).map(([path, text]) => [path, readSource(path, text)] as const),
  );
  const found = [...sources].flatMap(([file, source]) =>
    [...shape(file, source), ...source.imports.flatMap((one) => judge(file, one))].map((rule) => ({
      file,
      rule,
    })),
  );
  return [...found, ...cycles(sources)].sort((a, b) => (a.file < b.file ? -1 : 1));
}

function shape(file: string, source: Source): string[] {
  const folder = file.split('/').find((part) => NAMELESS_FOLDERS.includes(part));
  return [
    ...(folder === undefined ? [] : [`a folder named "${folder}" says nothing: name it by what it is for`]),
    ...(source.dynamicImports > 0 && !MAY_SPLIT.includes(file)
      ? ['no dynamic import(): list it in a manifest']
      : []),
    ...(source.topLevelLets > 0 ? ['no top-level let: state is constructed in main.ts and passed in'] : []),
  ];
}

function judge(file: string, { from, typeOnly }: Import): string[] {
  const own = file.split('/')[1] ?? '';
  const rule = PACKAGES[own];
  if (!rule) return [`package "${own}" is not in the table of layers`];
  if (from.startsWith('node:')) return rule.inBrowser ? [`${own} runs in a browser: no ${from}`] : [];
  if (from.startsWith('.')) return judgeRelative(file, own, posix.join(posix.dirname(file), from));
  if (from.startsWith('@bellhop/')) {
    const allowed = rule.ours[from];
    if (allowed === undefined) return [`${own} may not import ${from}`];
    return allowed === 'type' && !typeOnly ? [`${own} may import only types from ${from}`] : [];
  }
  const allowed = rule.thirdParty && file.startsWith(LIBRARIES[own] ?? '');
  return allowed ? [] : [`${own} may not import ${from}: only Node and what is ours`];
}

function judgeRelative(file: string, own: string, target: string): string[] {
  if (!target.startsWith(`packages/${own}/`)) return [`${target} is another package: import it by its name`];
  const source = `packages/${own}/src/`;
  const roots = COMPOSITION_ROOTS.map((root) => source + root);
  if (target === source + PROGRAM || (roots.includes(target) && !roots.includes(file)))
    return [`nobody imports ${target}`];
  if (own !== 'host' || roots.includes(file)) return [];
  const [fromFolder, toFolder] = [file, target].map((path) => folderOf(path.slice(source.length)));
  if (toFolder === '' || toFolder === fromFolder || toFolder === undefined) return [];
  const open = OPEN_TO_OTHERS[toFolder] ?? [];
  const name = target.slice(source.length + toFolder.length + 1);
  if (open === 'all' || open.includes(name) || PORT_FILES.includes(name)) return [];
  return [`${target} is inside ${toFolder}/: only its ${PORT_FILES.join(', ')} are open to other folders`];
}

function folderOf(path: string): string {
  return path.includes('/') ? (path.split('/')[0] ?? '') : '';
}

/** Type imports count as well: two files that need each other's types are one idea in two places. */
function cycles(sources: ReadonlyMap<string, Source>): Violation[] {
  const found: Violation[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) {
      found.push({ file, rule: `import cycle: ${[...path.slice(at), file].join(' -> ')}` });
      return;
    }
    if (done.has(file)) return;
    for (const { from } of sources.get(file)?.imports ?? []) {
      const target = posix.join(posix.dirname(file), from);
      if (from.startsWith('.') && sources.has(target)) visit(target, [...path, file]);
    }
    done.add(file);
  };
  for (const file of sources.keys()) visit(file, []);
  return found;
}
