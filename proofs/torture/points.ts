/** Arming a point in a folder, and learning that it was reached (packages/mailbox/src/point.ts has the other side). */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Blow } from './plan.ts';

export class ArmedPoint {
  readonly #file: string;

  /** @param dir made when it is not there; whoever is struck must be able to write in it. */
  constructor(dir: string, { at, signal }: Blow) {
    mkdirSync(dir, { recursive: true });
    this.#file = join(dir, at);
    // In one step: half a signal would strike nobody.
    writeFileSync(`${this.#file}.new`, signal);
    renameSync(`${this.#file}.new`, this.#file);
  }

  get hit(): boolean {
    return existsSync(`${this.#file}.hit`);
  }

  /** Tells whether it was hit; from then on it is not. */
  disarm(): boolean {
    rmSync(this.#file, { force: true });
    const { hit } = this;
    rmSync(`${this.#file}.hit`, { force: true });
    return hit;
  }
}
