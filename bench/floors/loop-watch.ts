/** Started by idle-loop.ts: a process that does nothing, and says how late its event loop was between two words. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { WATCHED_PERCENT } from './idle-loop.ts';

const loop = monitorEventLoopDelay({ resolution: 1 });
process.on('message', (word) => {
  if (word === 'begin') {
    loop.reset();
    loop.enable();
    process.send?.('begun');
  } else {
    loop.disable();
    process.send?.(loop.percentile(WATCHED_PERCENT) / 1e6);
  }
});
