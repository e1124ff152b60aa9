/** What axe finds on a page that keeps somebody from using it. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';

export async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    // biome-ignore lint/suspicious/noExplicitAny: axe brings no global type
    const { violations } = await (globalThis as any).axe.run();
    return violations.flatMap((one: { id: string; impact: string; nodes: { html: string }[] }) =>
      ['serious', 'critical'].includes(one.impact) ? [`${one.id}: ${one.nodes[0]?.html}`] : [],
    );
  });
}
