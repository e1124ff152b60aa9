/** A conversation in a real browser, against the scripted fake of the API: what a person does, and what they then see. */
import assert from 'node:assert/strict';
import { until } from '../../packages/host/test/until.ts';
import { inBrowser } from './world.ts';

const browser = inBrowser();

/** 1 × 1 pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
);

browser(
  'an example fills the composer, Enter sends it, and the answer and its receipt come',
  async ({ open }) => {
    const desk = await open();
    await desk.press('help');
    await until('the example is there', async () => (await desk.composer.inputValue()) === 'help');
    await desk.page.keyboard.press('Enter');
    await desk.theirs('a demo: no model is connected').waitFor();
    await desk.receipt('help', 'Answered').waitFor();
    await until('it is empty', async () => (await desk.composer.inputValue()) === '');
  },
);

browser(
  'Markdown is shown with a table, code that can be copied, and links that open apart',
  async ({ open }) => {
    const desk = await open();
    await desk.say('markdown');
    const answer = desk.theirs('A heading');
    await answer.getByRole('cell', { name: 'outbound.db' }).waitFor();
    const link = answer.getByRole('link', { name: 'link' });
    assert.equal(await link.getAttribute('rel'), 'noopener noreferrer');
    await answer.getByRole('button', { name: 'Copy' }).click();
    await answer.getByRole('button', { name: 'Copied' }).waitFor();
    const copied = await desk.page.evaluate(() => navigator.clipboard.readText());
    assert.equal(copied, "console.log('hello from the demo');");
  },
);

browser(
  'text streams into the page, and the final entry replaces it in its place',
  async ({ open, server }) => {
    const desk = await open();
    await desk.say('stream');
    const writing = desk.messages.getByRole('article', { name: 'bell, still writing' });
    await writing.getByText('Every conversation gets').waitFor();
    await desk.page.getByText('bell is writing').waitFor();
    const before = await writing.boundingBox();
    server.release();
    const answer = desk.theirs('its answer is on its way');
    await desk.receipt('stream', 'Answered').waitFor();
    await writing.waitFor({ state: 'detached' });
    assert.equal(await desk.messages.getByText('Every conversation gets').count(), 1);
    const after = await answer.boundingBox();
    assert.equal(after?.x, before?.x);
  },
);

browser(
  'the ledger shows the running tool with its time, and Stop asks the host to end the turn',
  async (world) => {
    const desk = await world.open();
    await desk.say('run ls -la');
    await desk.page.getByText('bell is at work: bash ls -la').waitFor();
    await desk.press('Ledger');
    await desk.ledger.getByText('bash ls -la').first().waitFor();
    await desk.ledger.getByText('At work', { exact: true }).waitFor();
    await desk.press('Stop');
    world.server.release();
    await desk.ledger.getByText('340 ms').waitFor();
    await desk.ledger.getByText('Answered').waitFor();
    assert.deepEqual(world.server.stopped, ['talk']);
  },
);

browser('a failed message says why and is tried again by its id', async ({ open, server }) => {
  const desk = await open();
  await desk.say('fail for good');
  await desk.receipt('fail for good', 'Failed: the demo was asked to fail').waitFor();
  await desk.press(/^Why$/);
  await desk.mine('fail for good').getByText('The demo was asked to fail.').waitFor();
  await desk.press('Try again');
  await desk.receipt('fail for good', 'At work').waitFor();
  assert.deepEqual(server.retried, [server.sent[0]?.id]);
});

browser('a question is answered by its button, once, also after a reload', async ({ open, server }) => {
  const desk = await open();
  await desk.say('ask');
  await desk.press('Coffee');
  await desk.theirs('You chose: coffee').waitFor();
  for (const reload of [false, true]) {
    if (reload) await desk.page.reload();
    const question = desk.page.getByRole('group', { name: 'A question' });
    await question.getByRole('button', { name: 'Coffee', pressed: true }).waitFor();
    assert.ok(await question.getByRole('button', { name: 'Tea' }).isDisabled());
  }
  assert.deepEqual(
    server.answers.map((one) => one.option),
    ['coffee'],
  );
});

browser('an edit is marked, a reaction stands under its message', async ({ open }) => {
  const desk = await open();
  await desk.say('edit');
  await desk.theirs('This is the edited version.').getByText('edited', { exact: true }).waitFor();
  assert.equal(await desk.messages.getByText('This is the first version.').count(), 0);
  await desk.say('react');
  await desk.mine('react').getByRole('img', { name: 'Reaction: thumbs up' }).waitFor();
});

browser(
  'files go up with the message and come down from the agent; a picture is shown',
  async ({ open, server }) => {
    const desk = await open();
    await desk.page
      .getByLabel('Files to send')
      .first()
      .setInputFiles([
        { name: 'dot.png', mimeType: 'image/png', buffer: PNG },
        { name: 'large.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(6_000_000) },
      ]);
    const list = desk.page.getByRole('list', { name: 'Files to send' });
    await list.getByText('The file is too large. At most 5 MB.').waitFor();
    await desk.press('Remove large.bin');
    await desk.say('look');
    await desk.receipt('look', 'Answered').waitFor();
    const picture = desk.mine('look').getByRole('img', { name: 'dot.png' });
    await picture.waitFor();
    assert.match((await picture.getAttribute('src')) ?? '', /^\/v1\/entry-file\?/);
    assert.deepEqual(server.files.get('f1')?.bytes, PNG);
    await desk.say('file');
    const download = desk.page.waitForEvent('download');
    await desk.messages.getByRole('link', { name: 'Download note.txt' }).click();
    assert.equal((await download).suggestedFilename(), 'note.txt');
  },
);

browser('a draft waits in its conversation while another is open', async ({ open }) => {
  const desk = await open();
  await desk.composer.fill('half a thought');
  await desk.palette('new');
  await desk.page.waitForURL(/#\/bell\/c-/);
  await until('it is empty', async () => (await desk.composer.inputValue()) === '');
  await desk.page.goBack();
  await desk.page.waitForURL(/#\/bell\/talk/);
  await until('the draft is there', async () => (await desk.composer.inputValue()) === 'half a thought');
});

browser(
  'what happens in another conversation calls: a dot, "needs you", and a number in the title',
  async (world) => {
    const desk = await world.open();
    await desk.say('hello');
    await desk.receipt('hello', 'Answered').waitFor();
    world.server.say('other', { kind: 'text', text: 'News', files: [] });
    await desk.page.getByRole('link', { name: /News.*unread/ }).waitFor();
    world.server.say('other', { kind: 'question', question: 'q', title: 'Q', text: 'Well?', options: [] });
    await desk.page.getByRole('link', { name: /needs you/ }).click();
    await desk.theirs('Well?').waitFor();
    await until('nothing calls any more', async () => (await desk.page.title()) === 'Bellhop');
  },
);
