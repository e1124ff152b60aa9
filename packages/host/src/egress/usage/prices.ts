/**
 * What a call costs, by `DATA/egress/prices.json`: ours at first, the owner's from then on, read again when it has
 * changed. A model that is not in it has no price: its tokens are on record, its money is not known.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Usage } from './meter.ts';

const SHIPPED = fileURLToPath(new URL('./prices.json', import.meta.url));
/** `claude-sonnet-4-5-20250929` and `…-latest` are priced as `claude-sonnet-4-5`; `gpt-5-mini` is not `gpt-5`. */
const DATED = /-(\d{4}-\d{2}-\d{2}|\d{8}|latest|preview.*)$/;

/** US dollars per million tokens, which is also millionths of a dollar per token. */
export interface Price {
  readonly input: number;
  readonly output: number;
  readonly cached: number;
  readonly cacheWrite: number;
}

export type Prices = ReadonlyMap<string, Price>;

/** Returns a reader that never throws: a file that cannot be used is told once, and prices nothing. */
export function openPrices(dir: string, warn: (what: string) => void): () => Prices {
  const path = join(dir, 'prices.json');
  const state: { prices: Prices; mtimeMs: number } = { prices: new Map(), mtimeMs: -1 };
  return () => {
    try {
      const mtimeMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
      if (mtimeMs === undefined) writeFileSync(path, readFileSync(SHIPPED), { flag: 'wx' });
      else if (mtimeMs === state.mtimeMs) return state.prices;
      state.mtimeMs = mtimeMs ?? statSync(path).mtimeMs;
      state.prices = parsePrices(readFileSync(path, 'utf8'));
    } catch (error) {
      state.prices = new Map();
      warn(`prices.json cannot be used, so calls have no price: ${(error as Error).message}`);
    }
    return state.prices;
  };
}

export function parsePrices(json: string): Prices {
  const { models } = JSON.parse(json) as { models?: Readonly<Record<string, Partial<Price>>> };
  const entries = Object.entries(models ?? {}).map(([name, { input, output, cached, cacheWrite }]) => {
    const price = { input, output, cached: cached ?? input, cacheWrite: cacheWrite ?? input };
    for (const value of Object.values(price)) {
      if (typeof value !== 'number' || !(value >= 0))
        throw new TypeError(`the price of ${name} is no number`);
    }
    return [name, price as Price] as const;
  });
  return new Map(entries);
}

/** Millionths of a dollar, rounded up; null when price or tokens are not known. */
export function costMicros(prices: Prices, model: string, usage: Usage): number | null {
  const price = prices.get(model) ?? prices.get(model.replace(DATED, ''));
  if (!price || usage.input === null || usage.output === null) return null;
  const cached = usage.cached ?? 0;
  const written = usage.cacheWritten ?? 0;
  const fresh = Math.max(0, usage.input - cached - written);
  const micros =
    fresh * price.input + cached * price.cached + written * price.cacheWrite + usage.output * price.output;
  // Without the rounding, 0.1 + 0.2 would cost a micro-dollar more.
  return Math.ceil(Number(micros.toFixed(6)));
}
