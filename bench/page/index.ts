/**
 * `bench page`: how soon the page is on the screen, and how much of it comes over the wire. A real host, a real Chromium,
 * loopback. Markdown has a chunk of its own, which a page without an answer on it does not need.
 */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Chrome } from '../../tests/browser/chrome.ts';
import { startUp } from '../overhead/up.ts';
import type { Measured } from '../report.ts';

const LOADS = 20;

export const page = {
  about: 'the page: first paint in a real browser, and its size',
  async run(say: (line: string) => void) {
    const dir = await mkdtemp(join(tmpdir(), 'bh-bench-page-'));
    const up = await startUp(join(dir, 'data'));
    try {
      say('loading the page …');
      const paints = await firstPaints(up.link);
      const measured: Measured[] = [
        { name: 'page.first-paint', unit: 'ms', samples: paints, limits: { p50: 300 } },
        {
          name: 'page.size',
          unit: 'kB',
          samples: [await sizeWithoutMarkdown(join(dir, 'data', 'web'))],
          limits: { p50: 60 },
        },
      ];
      return { measured, notes: [] };
    } finally {
      await up.stop();
      await rm(dir, { recursive: true, force: true });
    }
  },
};

/** Of a browser that has nothing of it in its cache, in milliseconds from the start of the navigation. */
async function firstPaints(link: string): Promise<number[]> {
  const chrome = new Chrome();
  try {
    const tab = await chrome.open(link);
    const session = await tab.context().newCDPSession(tab);
    await session.send('Network.setCacheDisabled', { cacheDisabled: true });
    const paints: number[] = [];
    for (let n = 0; n < LOADS; n += 1) {
      await tab.reload();
      await tab.getByRole('textbox').first().waitFor();
      paints.push(
        await tab.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN),
      );
    }
    return paints;
  } finally {
    await chrome[Symbol.asyncDispose]();
  }
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
