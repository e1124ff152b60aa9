/** Dead letters and the story of a message in a real browser: looking, trying again, discarding, by mouse, key and thumb. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { seriousFaults } from './accessible.ts';
import { PHONE } from './chrome.ts';
import { inBrowser } from './world.ts';

const browser = inBrowser();
const LETTERS = '#/dead-letters';

const story = (page: Page) => page.getByRole('complementary', { name: 'Why' });
const letters = (page: Page) => page.getByRole('region', { name: 'Dead letters' });

browser(
  'a dead letter is shown with what it said and its story, tried again, and is off the list',
  async (world) => {
    const { server } = world;
    server.letters.add('m1', 'fix the roof');
    server.letters.add('m2', 'from afar', { channel: 'terminal', thread: null, reason: 'no such model' });
    const { page } = await world.open({}, LETTERS);
    await page.getByRole('link', { name: 'Dead letters 2' }).waitFor();
    await letters(page)
      .getByRole('button', { name: /^Its sandbox died \(5 tries\)/ })
      .click();
    await story(page).getByText('fix the roof').waitFor();
    await story(page).getByText('It failed: its sandbox died (5 tries).').waitFor();
    const steps = await story(page).getByRole('listitem').allTextContents();
    assert.deepEqual(
      steps.map((step) => /^[A-Z][a-z]+(?: \d)?/.exec(step)?.[0]),
      ['Accepted', 'In', 'Sandbox 1', 'Sandbox 2', 'Sandbox 3', 'Sandbox 4', 'Sandbox 5', 'Notice', 'Failed'],
    );
    assert.equal(await story(page).getByRole('link').getAttribute('href'), '#/bell/talk');
    await story(page).getByRole('button', { name: 'Try again' }).click();
    await letters(page).getByText('1 dead letter').waitFor();
    assert.deepEqual(server.letters.asked, ['retry m1']);
    assert.equal(await story(page).count(), 0);
  },
);

browser(
  'V1: of two messages of one id, on two channels, the one that is looked at is told, tried again and discarded',
  async ({ open, server }) => {
    const other = { session: 's2', channel: 'terminal', reason: 'no such model' };
    server.letters.add('m1', 'fix the roof');
    server.letters.add('m1', 'from afar', other);
    const { page } = await open({}, LETTERS);
    await letters(page)
      .getByRole('button', { name: /^Its sandbox died/ })
      .click();
    await story(page).getByText('fix the roof').waitFor();
    assert.equal(await letters(page).locator('[aria-current]').count(), 1);
    await story(page).getByRole('button', { name: 'Discard' }).click();
    await letters(page).getByText('1 dead letter').waitFor();
    await letters(page)
      .getByRole('button', { name: /^No such model/ })
      .click();
    await story(page).getByText('from afar').waitFor();
    await story(page).getByText('It failed: no such model.').waitFor();
    await story(page).getByRole('button', { name: 'Try again' }).click();
    await page.getByText('Nothing is lost here').waitFor();
    assert.deepEqual(server.letters.asked, ['discard m1', 'retry m1']);
  },
);

browser(
  'by keyboard alone: to the list, into a letter, out of it, and rid of it',
  async ({ open, server }) => {
    server.letters.add('m1', 'fix the roof');
    const { page } = await open({}, LETTERS);
    const letter = letters(page).getByRole('button');
    await letter.focus();
    await page.keyboard.press('Enter');
    const heading = story(page).getByRole('heading', { name: 'Why' });
    await heading.waitFor();
    assert.ok(
      await heading.evaluate((element) => element === document.activeElement),
      'it goes on in the story',
    );
    await page.keyboard.press('Escape');
    await story(page).waitFor({ state: 'detached' });
    await letter.focus();
    await page.keyboard.press('Enter');
    await story(page).getByText('fix the roof').waitFor();
    await story(page).getByRole('button', { name: 'Discard' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('Nothing is lost here').waitFor();
    assert.deepEqual(server.letters.asked, ['discard m1']);
  },
);

browser('the palette leads to the page, which says what it is for while it is empty', async ({ open }) => {
  const desk = await open();
  await desk.composer.waitFor();
  await desk.palette('dead');
  await desk.page.getByText('A message that still fails after its last try').waitFor();
  await desk.press('Back to the conversations');
  assert.equal(await desk.page.evaluate(() => location.hash), '#/');
});

browser('a host that refuses is quoted, and asked again', async ({ open, server }) => {
  server.letters.add('m1', 'fix the roof');
  const gone = { is: true };
  server.intercept = (request, response) => {
    if (!gone.is || !request.url?.startsWith('/v1/dead-letters')) return false;
    const error = { code: 'test', message: 'the disk is full', hint: 'make room' };
    response.writeHead(500, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
    return true;
  };
  const { page } = await open({}, LETTERS);
  await page.getByRole('alert').getByText('The disk is full. Make room.').waitFor();
  gone.is = false;
  await page.getByRole('button', { name: 'Ask again' }).click();
  await letters(page).getByText('1 dead letter').waitFor();
});

browser(
  '"why" is one press away from each receipt, and its story follows the message',
  async ({ open, server }) => {
    const desk = await open();
    await desk.say('hello');
    await desk.receipt('hello', 'Answered').waitFor();
    await desk.mine('hello').hover();
    await desk.mine('hello').getByRole('button', { name: 'Why: the story of this message' }).click();
    await story(desk.page).getByText('It was answered: 1 reply delivered.').waitFor();
    await desk.say('fail for good');
    await desk.receipt('fail for good', 'Failed: the demo was asked to fail').waitFor();
    await desk.page.getByRole('link', { name: 'Dead letters 1' }).waitFor();
    await desk.mine('fail for good').getByRole('button', { name: 'Why', exact: true }).click();
    await desk.press('The whole story');
    await story(desk.page).getByText('It failed: the demo was asked to fail.').waitFor();
    const id = server.sent.at(-1)?.id ?? '';
    server.letters.answered(id, 'talk');
    server.receipt('talk', id, 'answered');
    await story(desk.page).getByText('It was answered: 1 reply delivered.').waitFor();
    await desk.press('Ledger');
    await desk.ledger.waitFor();
    assert.equal(await story(desk.page).count(), 0, 'the right column holds one thing');
  },
);

browser(
  'has no serious fault of accessibility, on a phone one column at a time, in light and dark',
  async (world) => {
    const { server } = world;
    const long = `a${'very'.repeat(60)}longword`;
    server.letters.add('m1', `fix the roof ${long}`, { reason: `its sandbox died ${long}` });
    for (const view of [{}, { viewport: PHONE, touch: true }]) {
      const { page } = await world.open(view, LETTERS);
      await letters(page).getByRole('button').click();
      await story(page).getByText('fix the roof').waitFor();
      assert.deepEqual(await seriousFaults(page), [], JSON.stringify(view));
      const { width, page: wide } = await page.evaluate(() => ({
        width: innerWidth,
        page: document.documentElement.scrollWidth,
      }));
      assert.equal(wide, width, 'nothing sticks out');
      if (!('touch' in view)) continue;
      assert.equal(await letters(page).isVisible(), false);
      await page.getByRole('button', { name: 'Close the story' }).tap();
      await letters(page).waitFor();
      assert.deepEqual(await seriousFaults(page), [], 'the list on a phone');
    }
  },
);
