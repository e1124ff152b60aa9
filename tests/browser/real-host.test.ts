/**
 * The whole way, as a person goes it: a real host with real bubblewrap sandboxes behind the built page in a real browser.
 * The page knows no sandbox, so one kind is enough. Each step looks at the screen and at what lies on disk.
 *
 * Not here: what the page does with odd answers, which the fake server gives on demand (talk.test.ts, trouble.test.ts).
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { until } from '../../packages/host/test/until.ts';
import { House } from '../e2e/house/house.ts';
import { bwrapMissing } from '../e2e/house/machine.ts';
import { Chrome } from './chrome.ts';
import { Desk } from './desk.ts';

/** 1 × 1 pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
);
const STORY = 'Every conversation gets its own room';
const MISSING = (process.env.BELLHOP_TEST_MISSING ?? '').split(',');
const THREAD = 'friend';

const skip = MISSING.includes('chromium') ? 'chromium is not installed' : bwrapMissing;
describe('the page on a real host with a real sandbox', { skip }, () => {
  const house = new House('bwrap');
  const chrome = new Chrome();
  const at = { desk: null as Desk | null, link: '' };
  const desk = (): Desk => {
    if (!at.desk) throw new Error('nobody has signed in');
    return at.desk;
  };
  const said = (text: string) =>
    house.records.conversation(THREAD).filter((entry) => entry.kind !== 'user' && entry.text.includes(text));

  before(async () => {
    // No stand-in: the page is built as a person's first start builds it.
    await house.up({ env: { BELLHOP_PAGE: '' } });
    at.link = await house.host.ready();
  });
  after(async () => {
    await chrome[Symbol.asyncDispose]();
    await house.close();
  });

  test('the link that up prints signs in, once', async () => {
    const page = await chrome.open(at.link);
    assert.equal(new URL(page.url()).pathname, '/');
    at.desk = new Desk(page);
    await desk().open(`${new URL('/', at.link)}#/bell/${THREAD}`);
    const again = await chrome.open(at.link);
    await again.getByText('./bellhop link').waitFor();
    assert.match(again.url(), /\/in\//);
  });

  test('a hello is answered, and its receipt says so', async () => {
    await desk().say('hello');
    await desk().theirs('You said: hello').waitFor();
    await desk().receipt('hello', 'Answered').waitFor();
    assert.equal(said('You said: hello').length, 1);
  });

  test('an answer streams, word by word, and stands there once', async () => {
    const grown = await watchLengths(desk().page, STORY);
    await desk().say('stream');
    await desk().receipt('stream', 'Answered').waitFor();
    assert.ok((await grown()) > 3, 'it was seen to grow');
    assert.equal(await desk().messages.getByText(STORY).count(), 1);
    assert.equal(said(STORY).length, 1);
  });

  test('a picture goes in and is shown; what the agent sees of it comes back', async () => {
    const picture = { name: 'dot.png', mimeType: 'image/png', buffer: PNG };
    await desk().page.getByLabel('Files to send').first().setInputFiles([picture]);
    await desk().say('read');
    await desk().theirs(`dot.png has ${PNG.length} bytes`).waitFor();
    await desk().receipt('read', 'Answered').waitFor();
    const shown = desk().mine('read').getByRole('img', { name: 'dot.png' });
    await until('the picture is loaded', () =>
      shown.evaluate((element) => (element as HTMLImageElement).naturalWidth === 1),
    );
  });

  test('a file that the agent made in its sandbox is downloaded', async () => {
    await desk().say('file');
    const link = desk().messages.getByRole('link', { name: /^Download note-\d+\.txt/ });
    await link.waitFor();
    const [download] = await Promise.all([desk().page.waitForEvent('download'), link.click()]);
    assert.match(readFileSync(await download.path(), 'utf8'), /^A file from your agent/);
  });

  test('a button answers a question', async () => {
    await desk().say('ask');
    await desk().press('Coffee');
    await desk().theirs('You chose: coffee').waitFor();
  });

  test('a reminder comes by itself', async () => {
    await desk().say('remind me in 1 second to stretch');
    await desk().theirs('Reminder: stretch').waitFor();
  });

  test('the agent kills its own sandbox, and the answer comes all the same, once', async () => {
    await desk().say('die during');
    await desk().theirs('this is try 2 of your message').waitFor();
    await desk().receipt('die during', 'Answered').waitFor();
    assert.equal(said('this is try 2').length, 1);
    assert.equal(said('You must never see this').length, 0);
  });

  test('a failed message is told by its story, and is a dead letter until it is discarded', async () => {
    await desk().say('fail for good');
    await desk()
      .receipt('fail for good', /^Failed/)
      .waitFor();
    await desk().mine('fail for good').getByRole('button', { name: 'Why', exact: true }).click();
    await desk().press('The whole story');
    const story = desk().page.getByRole('complementary', { name: 'Why' });
    await story.getByText('the demo was asked to fail').first().waitFor();
    await story.getByText('In its mailbox as number').waitFor();
    await desk().page.getByRole('link', { name: 'Dead letters 1' }).click();
    await desk().page.getByRole('region', { name: 'Dead letters' }).getByRole('button').click();
    await story.getByText('fail for good').waitFor();
    await story.getByRole('button', { name: 'Discard' }).click();
    await desk().page.getByText('Nothing is lost here').waitFor();
    await desk().open(`${new URL('/', at.link)}#/bell/${THREAD}`);
  });

  test('a turn that hangs is stopped by a person, and tried again', async () => {
    await desk().say('hang');
    await desk().receipt('hang', 'At work').waitFor();
    await desk().press('Stop');
    await desk()
      .receipt('hang', /^Failed: you stopped it/)
      .waitFor();
    await desk().mine('hang').getByRole('button', { name: 'Try again' }).click();
    await desk().receipt('hang', 'Answered').waitFor();
  });

  test('the host is killed in mid-turn and started again: the page goes on, nothing lost or said twice', async () => {
    await desk().open(`${new URL('/', at.link)}#/bell/crash`);
    const port = new URL(at.link).port;
    await desk().say('stream');
    await desk().page.getByText('bell is writing').waitFor();
    await house.host.kill();
    await desk().say('are you there');
    await house.up({ args: ['--port', port], env: { BELLHOP_PAGE: '' } });
    await desk().theirs('You said: are you there').waitFor();
    await desk().receipt('are you there', 'Answered').waitFor();
    await desk().page.getByText('Reconnecting…').waitFor({ state: 'detached' });
    // Two of the person's, two of the agent's, and no more, on disk as on the screen.
    const log = house.records.conversation('crash');
    assert.deepEqual(log.map((entry) => entry.kind).sort(), ['text', 'text', 'user', 'user']);
    assert.equal(log.filter((entry) => entry.text.startsWith(STORY)).length, 1);
    assert.equal(await desk().messages.getByText(STORY).count(), 1);
  });
});

/** How many different lengths a text that begins so had on the screen, when asked. */
async function watchLengths(page: Page, begins: string): Promise<() => Promise<number>> {
  await page.evaluate((text) => {
    const seen = new Set<number>();
    const look = (): void => {
      for (const article of document.querySelectorAll('article, [role=article]')) {
        const words = article.textContent ?? '';
        if (words.includes(text)) seen.add(words.length);
      }
      document.documentElement.dataset.lengths = String(seen.size);
    };
    new MutationObserver(look).observe(document.body, {
      subtree: true,
      childList: true,
      characterData: true,
    });
  }, begins);
  return () => page.evaluate(() => Number(document.documentElement.dataset.lengths));
}
