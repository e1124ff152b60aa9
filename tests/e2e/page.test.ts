/**
 * The page's listener on a real host: signing in, talking, files both ways, and that neither a kill nor a restart loses
 * or doubles anything. What a browser draws of it is not here.
 */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type {
  ConversationList,
  EntryPage,
  LogEntry,
  MessageState,
  StreamEvent,
} from '../../packages/host/src/api/contract.ts';
import { until } from '../../packages/host/test/until.ts';
import { Browser } from './house/browser.ts';
import { type House, houseFor, sharedHouse } from './house/house.ts';
import { bwrapMissing } from './house/machine.ts';

const PASSWORD = 'correct horse battery';

async function signedIn(house: House): Promise<Browser> {
  const browser = new Browser();
  const { stdout } = await house.bellhop(['link']);
  assert.equal((await browser.enter(stdout.trim())).status, 303);
  return browser;
}

async function settled(browser: Browser, message: string): Promise<MessageState> {
  return until(`${message} is settled`, async () => {
    const state = await browser.json<MessageState>(`/v1/messages/${message}`);
    return state.settled && state;
  });
}

const isReply = (event: StreamEvent): event is LogEntry =>
  event.type === 'entry' && event.body.kind === 'text';

describe('the page', { skip: bwrapMissing }, () => {
  const house = sharedHouse();

  test('a person signs in by ./bellhop link, talks, and sees the answer come', async () => {
    const browser = await signedIn(house);
    assert.match((await browser.get('/')).text, /Stand-in/);
    const events = await browser.events('thread=talk');
    assert.equal(
      (await browser.post('/v1/messages', { id: 't1', text: 'stream', thread: 'talk' })).status,
      202,
    );
    await events.until('it is at work', (e) => e.type === 'receipt' && e.state === 'at work');
    await events.until('its ledger', (e) => e.type === 'ledger' && e.turn?.messages.includes('t1') === true);
    await events.until('text as it is written', (e) => e.type === 'live');
    // One that comes in the middle has all that was written so far.
    const late = await browser.events('thread=talk');
    await late.until('the text so far', (e) => e.type === 'live' && e.whole === true && e.text.length > 0);
    const reply = await events.until('the answer', isReply);
    assert.equal(reply.replyTo, 't1');
    await events.until('the receipt', (e) => e.type === 'receipt' && e.state === 'answered');
    await events.until('the end of the turn', (e) => e.type === 'ledger' && e.turn === null);
    const { conversations } = await browser.json<ConversationList>('/v1/conversations');
    const talk = conversations.find(({ thread }) => thread === 'talk');
    assert.deepEqual([talk?.title, talk?.last.by, talk?.readSeq, talk?.seq], ['stream', 'agent', 1, 2]);
    for (const stream of [events, late]) stream.close();
  });

  test('files go both ways, and no path of this machine with them', async () => {
    const browser = await signedIn(house);
    const bytes = Buffer.from('what a person sent');
    const uploaded = await browser.post('/v1/files?name=sent.txt', bytes);
    const { file } = JSON.parse(uploaded.text) as { file: string };
    await browser.post('/v1/messages', { id: 'f1', text: 'read', thread: 'files', files: [file] });
    await settled(browser, 'f1');
    await browser.post('/v1/messages', { id: 'f2', text: 'file', thread: 'files' });
    await settled(browser, 'f2');
    const page = await browser.get('/v1/entries?thread=files');
    assert.ok(!page.text.includes(house.data));
    const { entries } = JSON.parse(page.text) as EntryPage;
    const withFiles = entries.filter(({ body }) => 'files' in body && body.files.length > 0);
    assert.equal(withFiles.length, 2);
    const [sent, got] = await Promise.all(
      withFiles.map(({ seq }) => browser.get(`/v1/entry-file?thread=files&entry=${seq}&index=0`)),
    );
    assert.deepEqual(sent?.bytes, bytes);
    assert.match(got?.text ?? '', /^A file from your agent/);
    assert.match(String(got?.headers['content-disposition']), /^attachment; filename="note-\d+\.txt"/);
  });

  test('a question is answered by its button, once, and waits for nobody any more', async () => {
    const browser = await signedIn(house);
    const events = await browser.events('thread=question');
    await browser.post('/v1/messages', { id: 'q1', text: 'ask', thread: 'question' });
    const asked = await events.until('the question', (e) => e.type === 'entry' && e.body.kind === 'question');
    assert.ok(asked.type === 'entry' && asked.body.kind === 'question');
    await events.until('it waits', (e) => e.type === 'conversation' && e.conversation.needsYou);
    const answer = { question: asked.body.question, option: 'tea', thread: 'question' };
    assert.equal((await browser.post('/v1/answers', { id: 'a1', ...answer })).status, 202);
    assert.equal((await browser.post('/v1/answers', { id: 'a2', ...answer })).status, 403);
    const reply = await events.until('the answer to it', isReply);
    assert.ok(reply.body.kind === 'text' && reply.body.text === 'You chose: tea');
    events.close();
  });

  test('a turn is stopped, fails with that reason, and is tried again', async () => {
    const browser = await signedIn(house);
    const events = await browser.events('thread=stop');
    await browser.post('/v1/messages', { id: 's1', text: 'stream', thread: 'stop' });
    await events.until('it writes', (e) => e.type === 'live');
    assert.equal((await browser.post('/v1/turns/stop', { thread: 'stop' })).status, 202);
    assert.match((await settled(browser, 's1')).reason ?? '', /you stopped it/);
    await events.until('the turn is over', (e) => e.type === 'ledger' && e.turn === null);
    assert.equal((await browser.post('/v1/turns/stop', { thread: 'stop' })).status, 409);
    assert.equal((await browser.post('/v1/messages/s1/retry')).status, 202);
    const state = await until('it is answered', async () => {
      const now = await settled(browser, 's1');
      return now.state === 'answered' && now;
    });
    assert.equal(state.replies.filter(({ body }) => body.kind === 'text').length, 1);
    assert.equal((await browser.post('/v1/messages/s1/retry')).status, 409);
    events.close();
  });
});

test('a host that is killed in mid-turn loses nothing and says nothing twice, and the page need not sign in again', {
  skip: bwrapMissing,
}, async (t: TestContext) => {
  const house = houseFor(t);
  const browser = new Browser();
  await browser.enter(await (await house.up()).ready());
  const events = await browser.events('');
  await browser.post('/v1/messages', { id: 'm1', text: 'stream' });
  await events.until('it writes', (e) => e.type === 'live');
  await house.host.kill();
  browser.moveTo(await (await house.up()).ready());
  assert.equal((await browser.get('/')).status, 200);
  const again = await browser.events('after=1');
  const reply = await again.until('the answer', isReply);
  assert.equal(reply.replyTo, 'm1');
  await settled(browser, 'm1');
  const { entries } = await browser.json<EntryPage>('/v1/entries');
  assert.deepEqual(
    entries.map(({ body }) => body.kind),
    ['user', 'text'],
  );
  again.close();
});

test('a link of a host that is gone does not open the next one; its page says what to type', {
  skip: bwrapMissing,
}, async (t: TestContext) => {
  const house = houseFor(t);
  const link = new URL(await (await house.up()).ready());
  await house.host.stop();
  const browser = new Browser();
  const old = await browser.enter(new URL(link.pathname, await (await house.up()).ready()).href);
  assert.equal(old.status, 401);
  assert.match(old.text, /\.\/bellhop link/);
});

test('--host needs a password, says how to set one, and then lets in who knows it', {
  skip: bwrapMissing,
}, async (t: TestContext) => {
  const house = houseFor(t);
  const open = ['--host', '0.0.0.0', '--port', '0'];
  const refused = house.start({ args: open });
  assert.deepEqual(await refused.exited, { code: 1, signal: null });
  assert.equal(refused.stdout, '');
  assert.match(refused.stderr, /no password is set\n {2}.*\.\/bellhop password/);
  await house.up();
  const set = await house.bellhop(['password'], `${PASSWORD}\n`);
  assert.deepEqual(
    [set.code, set.stdout],
    [0, 'The password is set; whoever was signed in to the page must sign in again.\n'],
  );
  assert.equal((await house.bellhop(['password'], 'short\n')).code, 1);
  await house.host.stop();
  const host = await house.up({ args: open });
  const browser = new Browser();
  browser.moveTo(await host.ready());
  assert.match((await browser.get('/')).text, /<form/);
  assert.equal((await browser.post('/v1/sign-in', { password: 'not this one at all' })).status, 401);
  assert.equal((await browser.post('/v1/sign-in', { password: PASSWORD })).status, 204);
  assert.equal((await browser.get('/')).status, 200);
  assert.ok(!house.records.log().includes(PASSWORD));
  assert.doesNotMatch(house.records.log(), /\/in\/[\w-]{43}/);
});
