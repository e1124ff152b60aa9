/**
 * `bench light`: the runner with the light harness, from its spawn to its first request to the model, and from a ring of
 * the bell to the next one; and what it takes of memory. The model is a fake on loopback behind a Unix socket, as the
 * egress process would be; without a sandbox, which `bench overhead` measures.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Script, say } from '../../tests/fake-models/script.ts';
import { startFakeModel } from '../../tests/fake-models/server.ts';
import { rssMib } from '../overhead/processes.ts';
import type { Measured } from '../report.ts';
import { buildRunner, startRunner } from './runner.ts';

const STARTS = 10;
const TURNS = 30;
/** Turns before the clock runs: code that is not compiled yet. */
const WARM_UP = 5;

export const light = {
  about: 'the runner with a model: from spawn and from bell to the request, memory',
  async run(report: (line: string) => void) {
    const dir = mkdtempSync(join(tmpdir(), 'bh-bench-'));
    try {
      return await measure(dir, report);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
};

async function measure(dir: string, report: (line: string) => void) {
  report('building …');
  const bundle = await buildRunner(join(dir, 'runner-light.mjs'));
  const cold: number[] = [];
  const warm: number[] = [];
  const memory: number[] = [];
  for (let start = 0; start < STARTS; start += 1) {
    const arrived = new Arrivals();
    const model = await startFakeModel(arrived.script);
    const room = join(dir, String(start));
    mkdirSync(room);
    const from = performance.now();
    const runner = await startRunner(bundle, room, model.url);
    cold.push((await arrived.next()) - from);
    for (let turn = 0; start === 0 && turn < WARM_UP + TURNS; turn += 1) {
      await runner.idle();
      const rung = performance.now();
      runner.enqueue(`m${turn}`);
      const at = await arrived.next();
      if (turn >= WARM_UP) warm.push(at - rung);
    }
    await runner.idle();
    memory.push(rssMib(runner.pid));
    await runner.stop();
    await model.close();
  }
  const measured: Measured[] = [
    { name: 'light.cold', unit: 'ms', samples: cold, limits: { p50: 250 } },
    { name: 'light.warm', unit: 'ms', samples: warm, limits: { p50: 15 } },
    { name: 'light.rss', unit: 'MiB', samples: memory, limits: { p50: 110 } },
  ];
  return { measured, notes: ['cold: spawn to request; warm: enqueue and bell to request; no sandbox'] };
}

/** When requests reached the model. */
class Arrivals {
  #waiting = Promise.withResolvers<number>();
  readonly script: Script = () => {
    this.#waiting.resolve(performance.now());
    return say('Yes.');
  };

  async next(): Promise<number> {
    const at = await this.#waiting.promise;
    this.#waiting = Promise.withResolvers();
    return at;
  }
}
