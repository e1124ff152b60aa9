/** What axe finds on a page that keeps somebody from using it, in light and in dark. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** All that another scheme of colours can change. */
const COLOURS = ['color-contrast', 'link-in-text-block'];

export async function seriousFaults(page: Page): Promise<string[]> {
  // Half a megabyte of script: once in each document.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source);
  const light = await faults(page);
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = await faults(page, COLOURS);
  await page.emulateMedia({ colorScheme: 'light' });
  return [...light, ...dark.map((fault) => `in the dark: ${fault}`)];
}

/** @param rules all of them when not said. */
function faults(page: Page, rules?: readonly string[]): Promise<string[]> {
  return page.evaluate(
    async (runOnly) => {
      // What passes is not told apart, and no style sheet comes from elsewhere: a quarter of the time.
      const options = { resultTypes: ['violations'], preload: false, ...(runOnly ? { runOnly } : {}) };
      // biome-ignore lint/suspicious/noExplicitAny: axe brings no global type
      const { violations } = await (globalThis as any).axe.run(options);
      return violations.flatMap((one: { id: string; impact: string; nodes: { html: string }[] }) =>
        ['serious', 'critical'].includes(one.impact) ? [`${one.id}: ${one.nodes[0]?.html}`] : [],
      );
    },
    rules && [...rules],
  );
}
