/**
 * `bench light`: the runner with the light harness, from its spawn to its first request to the model, and from a ring of
 * the bell to the next one; and what it takes of memory. The model is a fake on loopback behind a Unix socket, as the
 * egress process would be; without a sandbox, which `bench overhead` measures.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Script, say } from '../../tests/fake-models/script.ts';
import { startFakeModel } from '../../tests/fake-models/server.ts';
import type { Bench } from '../command.ts';
import { withDataDir } from '../data-dir.ts';
import { ownNodeNotes } from '../floors/own-node.ts';
import { NODE, timeNode } from '../floors/programs.ts';
import { rssMib } from '../host/processes.ts';
import type { Measured } from '../report.ts';
import { BARE_TURN, bareTurn } from './bare-turn.ts';
import { type BenchRunner, buildRunner, startRunner } from './runner.ts';

const STARTS = 20;
const TURNS = 100;
/** Turns before the clock runs: code that is not compiled yet. */
const WARM_UP = 5;

export const light: Bench = {
  about: 'the runner with a model: from spawn and from bell to the request, memory',
  run: (report) => withDataDir((dir) => measure(dir, report)),
};

async function measure(dir: string, report: (line: string) => void) {
  report('building …');
  const bundle = await buildRunner(join(dir, 'runner-light.mjs'));
  const cold: Samples = { ms: [], floorMs: [] };
  const warm: Samples = { ms: [], floorMs: [] };
  const memory: number[] = [];
  report('starts and turns …');
  for (let start = 0; start < STARTS; start += 1) {
    const arrivals = new Arrivals();
    const model = await startFakeModel(arrivals.script);
    const folder = join(dir, String(start));
    mkdirSync(folder);
    cold.floorMs.push(await timeNode());
    const from = performance.now();
    const runner = await startRunner(bundle, folder, model.url);
    cold.ms.push((await arrivals.next()) - from);
    await runner.idle();
    // At rest after its first turn, and in the first of them after many.
    if (start === 0) await measureTurns(runner, arrivals, folder, warm);
    memory.push(rssMib(runner.pid));
    await runner.stop();
    await model.close();
  }
  const measured: Measured[] = [
    timed('light.cold', cold, NODE, 5),
    timed('light.warm', warm, BARE_TURN, 5),
    { name: 'light.rss', unit: 'MiB', samples: memory, limit: { most: 110 } },
  ];
  const what = 'cold: spawn to request; warm: enqueue and bell to request; no sandbox';
  return { measured, notes: [what, ...(await ownNodeNotes(measured))] };
}

interface Samples {
  readonly ms: number[];
  readonly floorMs: number[];
}

function timed(name: string, { ms, floorMs }: Samples, what: string, times: number) {
  return { name, unit: 'ms', samples: ms, floor: { what, samples: floorMs }, limit: { times } } as const;
}

/** Each with a bare turn before it, while the runner has nothing to do. */
async function measureTurns(
  runner: BenchRunner,
  arrivals: Arrivals,
  folder: string,
  { ms, floorMs }: Samples,
): Promise<void> {
  for (let turn = 0; turn < WARM_UP + TURNS; turn += 1) {
    const bareFrom = performance.now();
    const bare = bareTurn(folder, runner.egressSocket);
    const bareMs = (await arrivals.next()) - bareFrom;
    await bare;
    const from = performance.now();
    runner.enqueue(`m${turn}`);
    const arrivedMs = await arrivals.next();
    await runner.idle();
    if (turn < WARM_UP) continue;
    floorMs.push(bareMs);
    ms.push(arrivedMs - from);
  }
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
