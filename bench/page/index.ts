/**
 * `bench page`: how soon the page is on the screen, and how much of it comes over the wire. A real host, a real Chromium,
 * loopback. Markdown has a chunk of its own, which a page without an answer on it does not need.
 *
 * The floor is the first paint of one line of text from a bare server, in a tab beside it, in turn.
 */
import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { Chrome } from '../../tests/browser/chrome.ts';
import type { Bench } from '../command.ts';
import { withDataDir } from '../data-dir.ts';
import { startUp } from '../host/up.ts';
import type { Measured } from '../report.ts';

const WARM_UP = 3;
const LOADS = 40;
const BARE_PAGE =
  '<!doctype html><html lang="en"><title>Bare</title><body><input aria-label="Nothing">One line.</body></html>';

export const page: Bench = {
  about: 'the page: first paint in a real browser, and its size',
  run: (say) =>
    withDataDir(async (dir) => {
      const up = await startUp(join(dir, 'data'));
      try {
        say('loading the page …');
        const { paints, barePaints } = await firstPaints(up.link);
        const size = await sizeWithoutMarkdown(join(dir, 'data', 'web'));
        const measured: Measured[] = [
          {
            ...{ name: 'page.first-paint', unit: 'ms', samples: paints, limit: { times: 4 } },
            floor: { what: 'a line of text from a bare server', samples: barePaints },
          },
          { name: 'page.size', unit: 'kB', samples: [size], limit: { most: 60 } },
        ];
        return { measured, notes: [] };
      } finally {
        await up.stop();
      }
    }),
};

async function firstPaints(link: string): Promise<{ paints: number[]; barePaints: number[] }> {
  const bare = createServer((_, response) => response.setHeader('content-type', 'text/html').end(BARE_PAGE));
  bare.listen(0, '127.0.0.1');
  await once(bare, 'listening');
  const chrome = new Chrome();
  try {
    const tab = await uncached(chrome, link);
    const bareTab = await uncached(chrome, `http://127.0.0.1:${(bare.address() as AddressInfo).port}/`);
    const [paints, barePaints]: [number[], number[]] = [[], []];
    for (let n = 0; n < WARM_UP + LOADS; n += 1) {
      const [bareMs, ms] = [await firstPaint(bareTab), await firstPaint(tab)];
      if (n < WARM_UP) continue;
      barePaints.push(bareMs);
      paints.push(ms);
    }
    return { paints, barePaints };
  } finally {
    await chrome[Symbol.asyncDispose]();
    bare.close();
    bare.closeAllConnections();
  }
}

/** A tab that has nothing of a page in its cache. */
async function uncached(chrome: Chrome, link: string): Promise<Page> {
  const tab = await chrome.open(link);
  const session = await tab.context().newCDPSession(tab);
  await session.send('Network.setCacheDisabled', { cacheDisabled: true });
  return tab;
}

/** Milliseconds from the start of the navigation; NaN when nothing was painted. */
async function firstPaint(tab: Page): Promise<number> {
  await tab.bringToFront();
  await tab.reload();
  await tab.getByRole('textbox').first().waitFor();
  return tab.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN);
}

/** What a browser fetches before the first answer, packed, in kB. */
async function sizeWithoutMarkdown(webDir: string): Promise<number> {
  const [hash = ''] = await readdir(webDir);
  const assets = join(webDir, hash, 'assets');
  const names = (await readdir(assets)).filter((name) => /^page-.*\.gz$/.test(name));
  const files = [join(webDir, hash, 'index.html.gz'), ...names.map((name) => join(assets, name))];
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  return sizes.reduce((sum, size) => sum + size, 0) / 1000;
}
