/**
 * What a call costs, by `DATA/egress/prices.json`: ours at first, the owner's from then on, read again when it has
 * changed. A model that is not in it has no price: its tokens are on record, its money is not known.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Wanted } from './ask.ts';
import type { Usage } from './read-usage.ts';

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

/** A dollar a token. A price without a bound could be one that no sum can be taken with: JSON knows 1e999. */
const MAX_PRICE = 1_000_000;

export type Prices = ReadonlyMap<string, Price>;

export const PRICES_FILE = 'prices.json';

/** Returns a reader that never throws: a file that cannot be used is told once, and prices nothing. */
export function openPrices(dir: string, warn: (what: string) => void): () => Prices {
  const path = join(dir, PRICES_FILE);
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
      if (typeof value !== 'number' || !(value >= 0 && value <= MAX_PRICE))
        throw new TypeError(`the price of ${name} is no number from 0 to ${MAX_PRICE}`);
    }
    return [name, price as Price] as const;
  });
  return new Map(entries);
}

/** A model without a price is taken to be as dear as the dearest that has one, and never cheaper than this. */
const DEAR: Price = { input: 15, output: 75, cached: 15, cacheWrite: 18.75 };

/**
 * The most that a call can cost, in millionths of a dollar.
 * @param contextTokens what the model takes in at most, for what the body's length does not bound.
 */
export function mostMicros(prices: Prices, model: string, ask: Wanted, contextTokens: number): number {
  const { input, cacheWrite, output } = priceOf(prices, model) ?? dearest(prices);
  const inputTokens = ask.beyondText ? Math.max(ask.inputTokens, contextTokens) : ask.inputTokens;
  return Math.ceil(inputTokens * Math.max(input, cacheWrite) + ask.outputTokens * output);
}

function dearest(prices: Prices): Price {
  const all = [DEAR, ...prices.values()];
  const most = (name: keyof Price) => Math.max(...all.map((price) => price[name]));
  return {
    input: most('input'),
    output: most('output'),
    cached: most('cached'),
    cacheWrite: most('cacheWrite'),
  };
}

function priceOf(prices: Prices, model: string): Price | null {
  return prices.get(model) ?? prices.get(model.replace(DATED, '')) ?? null;
}

/** Millionths of a dollar, rounded up; null when price or tokens are not known. */
export function costMicros(prices: Prices, model: string, usage: Usage): number | null {
  const price = priceOf(prices, model);
  if (!price || usage.input === null || usage.output === null) return null;
  const cached = usage.cached ?? 0;
  const written = usage.cacheWritten ?? 0;
  const fresh = Math.max(0, usage.input - cached - written);
  const micros =
    fresh * price.input + cached * price.cached + written * price.cacheWrite + usage.output * price.output;
  // Without the rounding, 0.1 + 0.2 would cost a micro-dollar more.
  return Math.ceil(Number(micros.toFixed(6)));
}
