/** The card of an approval in a real browser, against the scripted fake of the API. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { seriousFaults } from './accessible.ts';
import { PHONE, type View } from './chrome.ts';
import { inBrowser } from './world.ts';

const browser = inBrowser();

const NAME = 'May bell reach api.example.com, port 443?';
const cardOn = (page: Page) => page.getByRole('group', { name: NAME });

browser(
  'a card names agent, host and port; its button decides exactly that, in this tab, another and after a reload',
  async ({ open, server }) => {
    const desk = await open();
    await desk.say('reach');
    const other = await open();
    for (const { page } of [desk, other]) {
      await cardOn(page).getByText('api.example.com', { exact: true }).waitFor();
      await cardOn(page).getByText('Open until').waitFor();
    }
    await cardOn(desk.page).getByRole('button', { name: 'This conversation' }).click();
    for (const { page } of [desk, other]) {
      const card = cardOn(page);
      await card.getByRole('button', { name: 'This conversation', pressed: true }).waitFor();
      await card.getByText('You allowed it in this conversation.').waitFor();
      assert.ok(await card.getByRole('button', { name: 'Always' }).isDisabled());
    }
    await desk.page.reload();
    await cardOn(desk.page).getByText('You allowed it in this conversation.').waitFor();
    const [word] = server.decided;
    assert.deepEqual([server.decided.length, word?.sha256, word?.decision], [1, 'f0e1', 'session']);
    // What a person says next is no answer of it, whatever it is.
    await desk.say('no');
    await desk.mine('no').waitFor();
    await cardOn(desk.page).getByRole('button', { name: 'This conversation', pressed: true }).waitFor();
  },
);

browser(
  'attack: promise 23: an old card in a tab that missed its end decides nothing, and then says how it ended',
  async ({ open, server }) => {
    const desk = await open();
    await desk.say('reach');
    await cardOn(desk.page).waitFor();
    // Decided elsewhere, and no word of it came here.
    const [entry] = server.talk('talk').entries.filter(({ body }) => body.kind === 'question');
    if (entry?.body.kind !== 'question') throw new Error('there is no card');
    server.talk('talk').answered.set(entry.body.question, 'no');
    await cardOn(desk.page).getByRole('button', { name: 'Always' }).click();
    await cardOn(desk.page).getByText('You refused.').waitFor();
    await desk.page.getByText('This was decided before: no.').waitFor();
    assert.deepEqual(server.decided, []);
  },
);

browser('a card that expires says so and closes', async ({ open, server }) => {
  const desk = await open();
  await desk.say('reach');
  await cardOn(desk.page).waitFor();
  const [entry] = server.talk('talk').entries.filter(({ body }) => body.kind === 'question');
  if (entry?.body.kind !== 'question') throw new Error('there is no card');
  server.endCard('talk', entry.body.question, 'expired');
  await cardOn(desk.page).getByText('Nobody answered in time').waitFor();
  assert.ok(await cardOn(desk.page).getByRole('button', { name: 'Once' }).isDisabled());
});

const VIEWS: Readonly<Record<string, View>> = {
  'on a desk': {},
  'on a phone': { viewport: PHONE, touch: true },
};

for (const [name, view] of Object.entries(VIEWS)) {
  browser(`a card can be read and used ${name}, in light and dark`, async ({ open }) => {
    const desk = await open(view);
    await desk.say('reach');
    await cardOn(desk.page).getByRole('button', { name: 'No' }).waitFor();
    assert.deepEqual(await seriousFaults(desk.page), []);
    const box = await cardOn(desk.page).boundingBox();
    assert.ok((box?.x ?? -1) >= 0 && (box?.x ?? 0) + (box?.width ?? 0) <= (view.viewport?.width ?? 1280));
  });
}
