/**
 * What a typed line means. Pure: everything that is not a local command or the number of an open option is a message.
 */

export interface Option {
  readonly label: string;
  readonly value: string;
}

export interface OpenQuestion {
  readonly question: string;
  /** Set when it is Bellhop's own, about what an agent may do: the hash of that. */
  readonly sha256: string | null;
  readonly options: readonly Option[];
}

export type Input =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'quit' }
  | { readonly kind: 'help' }
  | { readonly kind: 'file'; readonly path: string; readonly text: string }
  | { readonly kind: 'wrong'; readonly hint: string }
  | { readonly kind: 'answer'; readonly question: string; readonly option: Option }
  | { readonly kind: 'decide'; readonly question: string; readonly sha256: string; readonly option: Option }
  | { readonly kind: 'text'; readonly text: string };

export const LOCAL_COMMANDS = [
  '  /file PATH [TEXT]  send a file, with a text if you like ("PATH" may be quoted)',
  '  /help              this list',
  '  /quit              leave; the conversation stays',
  '  1, 2, …            choose an option of the last question',
].join('\n');

export function readInput(line: string, open: OpenQuestion | null): Input {
  const text = line.trim();
  if (text === '') return { kind: 'nothing' };
  if (text === '/quit' || text === '/exit') return { kind: 'quit' };
  if (text === '/help') return { kind: 'help' };
  if (text === '/file' || text.startsWith('/file ')) return fileInput(text.slice('/file'.length).trim());
  const option = /^\d{1,3}$/.test(text) ? open?.options[Number(text) - 1] : undefined;
  if (open && option && open.sha256 !== null)
    return { kind: 'decide', question: open.question, sha256: open.sha256, option };
  if (open && option) return { kind: 'answer', question: open.question, option };
  return { kind: 'text', text: line };
}

function fileInput(rest: string): Input {
  const quoted =
    /^"([^"]+)"\s*(.*)$/.exec(rest) ?? /^'([^']+)'\s*(.*)$/.exec(rest) ?? /^(\S+)\s*(.*)$/.exec(rest);
  const path = quoted?.[1];
  if (path === undefined) return { kind: 'wrong', hint: 'As in: /file notes.txt What is in it?' };
  return { kind: 'file', path, text: quoted?.[2] ?? '' };
}
