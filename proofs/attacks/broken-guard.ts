/** One guard of a promise, broken on purpose: the shape of the tables in this folder. */
import type { Edit } from '../copy/edits.ts';

/** A test, by the file that it stands in and a part of its title. */
export interface Shown {
  readonly file: string;
  readonly title: string;
}

export interface BrokenGuard {
  /** Which promise: the title of the test that its row in docs/SECURITY.md names. */
  readonly row: string;
  /** Another test than the row's that holds this guard of it. */
  readonly by?: Shown;
  /** What is wrong without it. */
  readonly broken: string;
  /** More than one only where a guard stands behind another; `broken` says so then. */
  readonly edits: readonly Edit[];
  /** Runs in test files whose path contains this alone: the guard of one kind of sandbox. */
  readonly only?: 'bwrap' | 'docker';
}

/** A row that nothing can be broken for, and why not. */
export interface Unbreakable {
  readonly row: string;
  readonly why: string;
}

/** What is wrong, in which file, which words are taken out, what stands there instead, and for which sandbox alone. */
type Break = readonly [broken: string, file: string, from: string, to: string, only?: 'bwrap' | 'docker'];

/** Guards of one row, one edit each. @param by where another test than the row's shows them. */
export function guardsOf(row: string, breaks: readonly Break[], by?: Shown): BrokenGuard[] {
  return breaks.map(([broken, file, from, to, only]) => ({
    row,
    broken,
    edits: [{ file, from, to }],
    ...(by === undefined ? {} : { by }),
    ...(only === undefined ? {} : { only }),
  }));
}
