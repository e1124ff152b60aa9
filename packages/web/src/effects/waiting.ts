/** The browser's reasons to try again at once: the network is back, or the page is looked at after a long sleep. */
import type { Waiting } from './stream.ts';

/** A phone cuts the line of a page that sleeps, and does not say so. */
const ASLEEP_MS = 20_000;

export function browserWaiting(): Waiting {
  return {
    random: Math.random,
    pause: (ms, signal) =>
      new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          window.removeEventListener('online', done);
          signal.removeEventListener('abort', done);
          resolve();
        };
        const timer = setTimeout(done, ms);
        window.addEventListener('online', done);
        signal.addEventListener('abort', done);
      }),
    watch(cut) {
      let hiddenAt = 0;
      const onVisibility = (): void => {
        if (document.hidden) hiddenAt = Date.now();
        else if (Date.now() - hiddenAt > ASLEEP_MS) cut();
      };
      window.addEventListener('offline', cut);
      document.addEventListener('visibilitychange', onVisibility);
      return () => {
        window.removeEventListener('offline', cut);
        document.removeEventListener('visibilitychange', onVisibility);
      };
    },
  };
}
