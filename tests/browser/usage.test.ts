/** The page of usage: where the money went, what may be spent, who waits for more. */
import assert from 'node:assert/strict';
import { until } from '../../packages/host/test/until.ts';
import { seriousFaults } from './accessible.ts';
import { PHONE } from './chrome.ts';
import { inBrowser, type World } from './world.ts';

const browser = inBrowser();
const USAGE = '#/usage';

function spend({ server }: World): void {
  server.money.used('agent', ['bell', 42, 1_234_000], ['page', 3, 21_000]);
  server.money.used(
    'task',
    ['asked by people', 40, 1_200_000],
    ['look at the mail every morning', 5, 55_000],
  );
  server.money.used('model', ['claude-sonnet-4-5', 44, 1_250_000], ['a-model-of-mine', 1, 0]);
  server.money.budgets = {
    budgets: [
      { agent: 'bell', period: 'day', capMicros: 2_000_000, addedMicros: 0, spentMicros: 1_100_000 },
      { agent: null, period: 'session', capMicros: 500_000, addedMicros: 0, spentMicros: null },
    ],
    stops: [
      {
        id: 'ab12',
        agent: 'bell',
        period: 'hour',
        session: null,
        at: '2026-01-02T09:00:00.000Z',
        state: 'asked',
      },
    ],
  };
}

browser(
  'money is added up by agent, task and model, and what is a guess or has no price is said',
  async (world) => {
    spend(world);
    const { page } = await world.open({}, USAGE);
    await page.getByRole('row', { name: /^bell .* 42 .*\$1\.23$/ }).waitFor();
    await page.getByText('/home/you/.bellhop/egress/prices.json').waitFor();
    await page.getByRole('button', { name: 'Task', exact: true }).click();
    await page.getByRole('row', { name: /look at the mail every morning .*\$0\.055/ }).waitFor();
    await page.getByText('An estimate: no call knows').waitFor();
    await page.getByRole('button', { name: 'Model', exact: true }).click();
    await page.getByRole('row', { name: /a-model-of-mine .* not known/ }).waitFor();
    await page.getByText('1 call has no known price').waitFor();
    await page.getByRole('button', { name: 'Day', exact: true }).click();
    await page.getByText('No model has been called yet').waitFor();
  },
);

browser('an agent that waits is given more, or told no; a budget is set and taken away', async (world) => {
  spend(world);
  const { page } = await world.open({}, USAGE);
  const { asked } = world.server.money;
  await page.getByText('the budget for an hour is used up').waitFor();
  const add = page.getByRole('button', { name: 'Add and go on' });
  assert.ok(await add.isDisabled());
  await page.getByLabel('Add $').fill('2,50');
  await add.click();
  await page.getByText('is used up').waitFor({ state: 'detached' });
  await page.getByLabel('Whose budget').selectOption('bell');
  await page.getByLabel('For which time').selectOption('month');
  await page.getByLabel('At most, in dollars').fill('30');
  await page.getByRole('button', { name: 'Set', exact: true }).click();
  await until('it is taken', () => asked.length === 2);
  await page.getByRole('button', { name: 'Remove the budget of bell, a day' }).click();
  await until('it is told', () => asked.length === 3);
  assert.deepEqual(asked, [
    ['POST /v1/budgets/answer', { stop: 'ab12', addMicros: 2_500_000 }],
    ['PUT /v1/budgets', { agent: 'bell', period: 'month', capMicros: 30_000_000 }],
    ['PUT /v1/budgets', { agent: 'bell', period: 'day', capMicros: null }],
  ]);
});

browser('with the keyboard alone, and the focus is not lost with what was answered', async (world) => {
  spend(world);
  const { page } = await world.open({}, USAGE);
  await page.getByLabel('Add $').focus();
  await page.keyboard.type('1');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByText('is used up').waitFor({ state: 'detached' });
  assert.deepEqual(world.server.money.asked, [
    ['POST /v1/budgets/answer', { stop: 'ab12', addMicros: null }],
  ]);
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Budgets');
  const task = page.getByRole('button', { name: 'Task', exact: true });
  for (let tabs = 0; tabs < 12; tabs += 1) {
    if (await task.evaluate((button) => button === document.activeElement)) break;
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Space');
  await page.getByText('An estimate: no call knows').waitFor();
});

browser('what is empty says what it is for', async (world) => {
  const { page } = await world.open({}, USAGE);
  await page.getByText('A budget is a hard stop, before the call').waitFor();
  await page.getByText('No model has been called yet').waitFor();
  await page.getByText('/home/you/.bellhop/egress/prices.json').waitFor();
  assert.deepEqual(await seriousFaults(page), []);
});

browser(
  'it is reached from the list and by the palette, and fits a phone, in light and dark, for everyone',
  async (world) => {
    spend(world);
    const { page } = await world.open();
    await page.getByRole('link', { name: 'Usage' }).click();
    await page.getByRole('heading', { name: 'Where it went' }).waitFor();
    await page.getByRole('row', { name: /^bell/ }).waitFor();
    assert.deepEqual(await seriousFaults(page), []);
    const phone = await world.open({ viewport: PHONE }, USAGE);
    await phone.page.getByRole('row', { name: /^bell/ }).waitFor();
    assert.deepEqual(await seriousFaults(phone.page), []);
    const [width, wide] = await phone.page.evaluate(() => [innerWidth, document.documentElement.scrollWidth]);
    assert.ok((wide ?? 0) <= (width ?? 0), `${wide} of ${width}`);
    const sheet = phone.page.locator('.sheet');
    assert.ok(await sheet.evaluate((one) => one.scrollWidth <= one.clientWidth), 'nothing hangs over');
  },
);
