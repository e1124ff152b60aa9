/**
 * A person connects a model on the page of a real host, and talks to it: the key goes from the browser to the egress
 * process and from there to the model, which takes no other. No host is started again.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { House } from '../e2e/house/house.ts';
import { bwrapMissing } from '../e2e/house/machine.ts';
import { callTool, inTurn, say } from '../fake-models/script.ts';
import { startFakeModel } from '../fake-models/server.ts';
import { Chrome } from './chrome.ts';
import { Desk } from './desk.ts';

const KEY = 'canary-key-1029384756';
const MISSING = (process.env.BELLHOP_TEST_MISSING ?? '').split(',');
const skip = MISSING.includes('chromium') ? 'chromium is not installed' : bwrapMissing;

test('a model is connected on the page, tried, and answers the next message', { skip }, async (t) => {
  const house = new House('bwrap');
  const chrome = new Chrome();
  // The first is asked with a wrong key, and never heard.
  const replies = [say('no'), say('ready'), callTool('write', { path: 'a.txt', content: 'a' })];
  const script = inTurn(...replies, say('It is written.'));
  const model = await startFakeModel(script, KEY);
  t.after(async () => {
    await chrome[Symbol.asyncDispose]();
    await house.close();
    await model.close();
  });
  await house.up({ env: { BELLHOP_PAGE: '' } });
  const link = await house.host.ready();
  const page = await chrome.open(link);
  const desk = new Desk(page);
  await desk.open(`${new URL('/', link)}#/bell/before`);
  await desk.say('hello');
  await desk.theirs('You said: hello').waitFor();

  await page.getByRole('link', { name: 'Model: no model connected' }).click();
  await page.getByRole('radio', { name: 'OpenAI-compatible' }).check();
  await page.getByRole('textbox', { name: 'Address' }).fill(`${model.url}/v1`);
  await page.getByRole('combobox', { name: 'Model' }).fill('tiny');
  const key = page.getByLabel('Key', { exact: true });
  await key.fill('not-the-right-one');
  await page.getByRole('button', { name: 'Save and try' }).click();
  await page
    .getByRole('alert')
    .getByText(/the key was refused \(401\)/)
    .waitFor();
  await key.fill(KEY);
  await page.getByRole('button', { name: 'Save and try' }).click();
  await page.getByText(/It works: tiny answered in .*: Ready\./).waitFor();
  assert.equal(await page.locator('#models option').count(), 1, 'what the address lists');

  // In the very conversation that the demo answered, on the very host.
  await page.goBack();
  // What the palette offers depends on what is open when it is called.
  await desk.composer.waitFor();
  await desk.palette('open the ledger');
  await desk.say('write it');
  await desk.theirs('It is written.').waitFor();
  await desk.receipt('write it', 'Answered').waitFor();
  for (const words of ['200', '20', 'price not known'])
    await desk.ledger.getByText(words, { exact: true }).waitFor();
  assert.ok(!(await page.content()).includes(KEY));
  assert.doesNotMatch(house.records.log(), /canary-key|not-the-right-one/);
});
