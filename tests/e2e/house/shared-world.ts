/** One world for the tests of a suite: what is around a host costs more than most of what is tried in it. */
import { after, before } from 'node:test';
import type { Ending } from '../../../packages/host/test/temp-folder.ts';

/** Opened before the suite's first test, put away after its last. Called in a `describe`. */
export function sharedWorld<World>(open: (t: Ending) => Promise<World>): () => Promise<World> {
  const closing: (() => unknown)[] = [];
  const opened = Promise.withResolvers<World>();
  before(async () => opened.resolve(await open({ after: (putAway) => void closing.push(putAway) })));
  after(async () => {
    for (const putAway of closing.toReversed()) await putAway();
  });
  return () => opened.promise;
}
