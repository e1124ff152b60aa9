/**
 * Colour, only as an addition: every word says the same without it. On only for a terminal that wants it (NO_COLOR,
 * TERM=dumb are honoured).
 */
import type { World } from './world.ts';

export interface Style {
  dim(text: string): string;
  bold(text: string): string;
  /** The one accent: what rings. */
  gold(text: string): string;
  red(text: string): string;
}

type Target = { readonly isTTY?: boolean };

const CODES = { dim: ['2', '22'], bold: ['1', '22'], gold: ['33', '39'], red: ['31', '39'] } as const;

export function styleFor(stream: Target, env: World['env']): Style {
  const on = stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  const paint = (name: keyof typeof CODES) => (text: string) =>
    on && text !== '' ? `\u001b[${CODES[name][0]}m${text}\u001b[${CODES[name][1]}m` : text;
  return { dim: paint('dim'), bold: paint('bold'), gold: paint('gold'), red: paint('red') };
}
