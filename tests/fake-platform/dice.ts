/** Seeded chance: the same seed gives the same row of numbers, on every machine. */
export type Dice = () => number;

/** Numbers in [0, 1), by mulberry32: small, and good enough to choose by. */
export function seeded(seed: number): Dice {
  const state = { at: seed >>> 0 };
  return () => {
    state.at = (state.at + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state.at ^ (state.at >>> 15), state.at | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The first of a list of shares that the die falls into, or null beyond all of them. */
export function choose<T extends string>(shares: Readonly<Record<T, number>>, die: number): T | null {
  let edge = 0;
  for (const [name, share] of Object.entries(shares) as [T, number][]) {
    edge += share;
    if (die < edge) return name;
  }
  return null;
}
