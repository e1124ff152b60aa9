/**
 * What the layer rules need to know of one source file, from its syntax tree: a regular expression would trip over the
 * word "import" in a string, a comment or a template.
 */
import { parseSync } from 'rolldown/utils';

export interface Import {
  /** As written: './x.ts', '@bellhop/mailbox', 'node:fs'. */
  readonly from: string;
  /** Gone at run time. */
  readonly typeOnly: boolean;
}

export interface Source {
  readonly imports: readonly Import[];
  /** `import(…)`, as a value or as a type. */
  readonly dynamicImports: number;
  readonly topLevelLets: number;
}

interface Node {
  readonly type: string;
  readonly kind?: string;
  readonly declaration?: Node | null;
}

export function readSource(path: string, text: string): Source {
  const { program, module, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0]?.message}`);
  const imports = module.staticImports.map(({ moduleRequest, entries }) => ({
    from: moduleRequest.value,
    // `import './x.ts'` has no entries, and is all the more a run-time import.
    typeOnly: entries.length > 0 && entries.every((entry) => entry.isType),
  }));
  const exports = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap((entry) =>
      entry.moduleRequest ? [{ from: entry.moduleRequest.value, typeOnly: entry.isType }] : [],
    ),
  );
  return {
    imports: [...imports, ...exports],
    dynamicImports: count(
      program,
      (node) => node.type === 'ImportExpression' || node.type === 'TSImportType',
    ),
    topLevelLets: (program.body as readonly Node[]).filter((node) => isLet(node.declaration ?? node)).length,
  };
}

function isLet(node: Node): boolean {
  return node.type === 'VariableDeclaration' && (node.kind === 'let' || node.kind === 'var');
}

function count(value: unknown, matches: (node: Node) => boolean): number {
  if (typeof value !== 'object' || value === null) return 0;
  const own = 'type' in value && matches(value as Node) ? 1 : 0;
  return Object.values(value).reduce<number>((sum, child) => sum + count(child, matches), own);
}
