/** Connecting a model on the page: the choice, the key, the try, and what the rest of the page then shows. */
import assert from 'node:assert/strict';
import { until } from '../../packages/host/test/until.ts';
import { seriousFaults } from './accessible.ts';
import { PHONE } from './chrome.ts';
import { inBrowser } from './world.ts';

const browser = inBrowser();
const KEY = 'sk-canary-0123456789';

browser(
  'a key is entered, tried by one call and used at once; it is shown nowhere any more',
  async ({ open, server }) => {
    const { page } = await open();
    await page.getByRole('link', { name: 'Connect one', exact: true }).click();
    await page.getByRole('heading', { name: 'bell has no model' }).waitFor();
    await page.getByRole('radio', { name: 'Anthropic' }).check();
    await page.getByLabel('Key', { exact: true }).fill(` ${KEY} `);
    await page.getByText('Not saved yet.').waitFor();
    await page.getByRole('button', { name: 'Save and try' }).click();
    await page.getByText('It works: claude-sonnet-4-5 answered in 812 ms: Ready.').waitFor();
    await page.getByRole('heading', { name: 'bell speaks to claude-sonnet-4-5' }).waitFor();
    assert.deepEqual(server.models.changes, [
      { agent: 'bell', provider: 'anthropic', baseUrl: null, key: KEY },
    ]);
    await page.getByRole('link', { name: 'Model: claude-sonnet-4-5' }).waitFor();
    assert.equal(await page.getByLabel('Key', { exact: true }).inputValue(), '');
    assert.ok(!(await page.content()).includes(KEY));
    // Another of its models: chosen without the key.
    const model = page.getByRole('combobox', { name: 'Model' });
    assert.equal(await model.inputValue(), 'claude-sonnet-4-5');
    assert.equal(await page.locator('#models option').count(), 2);
    await model.fill('claude-haiku-4-5');
    await page.getByRole('button', { name: 'Save and try' }).click();
    await page.getByRole('heading', { name: 'bell speaks to claude-haiku-4-5' }).waitFor();
    assert.equal(server.models.changes.at(-1)?.key, undefined);
    // No page was loaded anew for it.
    await page.goBack();
    await page.getByRole('textbox', { name: /^Message to/ }).waitFor();
    assert.equal(await page.getByText('demo, no model connected').count(), 0);
  },
);

browser(
  'a key that does not work is said, in the words of the host, and stays to be mended',
  async (world) => {
    const { page } = await world.open({}, '#/model');
    world.server.models.refusal = {
      code: 'bad_key',
      message: 'OpenAI: the key was refused (401)',
      hint: 'Enter another: ./bellhop model set',
    };
    await page.getByRole('radio', { name: 'OpenAI', exact: true }).check();
    await page.getByLabel('Key', { exact: true }).fill(KEY);
    await page.getByRole('button', { name: 'Save and try' }).click();
    await page.getByRole('alert').getByText('OpenAI: the key was refused (401).').waitFor();
    await page.getByText('key stored').first().waitFor();
    await page.getByRole('button', { name: 'Remove the key' }).click();
    await until('it is gone', () => world.server.models.changes.at(-1)?.key === null);
    await page.getByRole('button', { name: 'Use what is found' }).click();
    await page.getByRole('heading', { name: 'bell has no model' }).waitFor();
  },
);

browser('an address of one\u2019s own needs the address and a name, and no key', async ({ open, server }) => {
  const { page } = await open({}, '#/model');
  await page.getByRole('radio', { name: 'OpenAI-compatible' }).check();
  const save = page.getByRole('button', { name: 'Save and try' });
  assert.ok(await save.isDisabled());
  await page.getByRole('textbox', { name: 'Address' }).fill('http://127.0.0.1:8080/v1');
  await page.getByRole('combobox', { name: 'Model' }).fill('tiny');
  await save.click();
  await page.getByText(/It works: tiny/).waitFor();
  assert.deepEqual(server.models.changes, [
    { agent: 'bell', provider: 'compatible', baseUrl: 'http://127.0.0.1:8080/v1', model: 'tiny' },
  ]);
});

browser('the ledger of a turn says what the model was used, and what that cost', async ({ open, server }) => {
  server.models.answer('PUT /v1/model', new URLSearchParams(), { provider: 'ollama' });
  const desk = await open();
  await desk.composer.waitFor();
  await desk.palette('open the ledger');
  await desk.say('run ls');
  for (const words of ['12,345', '678', '$0.047'])
    await desk.ledger.getByText(words, { exact: true }).waitFor();
  server.release();
});

browser('without a fault of accessibility, on a desk and on a phone, light and dark', async ({ open }) => {
  for (const view of [{}, { viewport: PHONE, touch: true }]) {
    const { page } = await open(view, '#/model');
    await page.getByRole('radio', { name: 'OpenAI-compatible' }).check();
    const found = await seriousFaults(page);
    assert.deepEqual(found, [], `${JSON.stringify(view)}`);
    const width = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(width <= 0, 'nothing is wider than the screen');
  }
});
