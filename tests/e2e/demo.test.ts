/**
 * Everything that the demo agent can do, asked for by the real command line and done in a real sandbox: what a person
 * sees in the conversation, and what stands in the mailbox behind it.
 *
 * Not here: what it does wrong on request (demo-failures.test.ts).
 */
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { LiveEvent, LogEntry, StreamEvent } from '../../packages/host/src/api/contract.ts';
import { until } from '../../packages/host/test/until.ts';
import { type Asked, sharedHouse } from './house/house.ts';
import { bwrapMissing } from './house/machine.ts';

type Live = Extract<LiveEvent, { type: 'live' }>;
const isLive = (event: StreamEvent): event is Live => event.type === 'live';
const isReply = (event: StreamEvent): event is LogEntry =>
  event.type === 'entry' && event.body.kind !== 'user';

describe('the demo agent', { skip: bwrapMissing, concurrency: true }, () => {
  const house = sharedHouse();
  const { records } = house;

  const replies = (thread: string) => records.conversation(thread).filter((said) => said.kind !== 'user');

  /** The message is done in the mailbox at the first try, and each row that answers it has its receipt. */
  async function assertDone({ code, message, session }: Asked, rows: number): Promise<void> {
    assert.equal(code, 0);
    const inbound = records.inbound(session).find((row) => row.id === message);
    assert.deepEqual([inbound?.kind, inbound?.tries, inbound?.releases], ['chat', 0, 0]);
    await until('the message is completed in the mailbox', () =>
      records.inbound(session).some((row) => row.id === message && row.status === 'completed'),
    );
    // The host's own copies: the runner prunes its rows when it has seen their receipts.
    const sent = records.deliveries(session);
    assert.deepEqual(
      sent.map(({ state }) => state),
      Array.from({ length: rows }, () => 'delivered'),
    );
    await until('every row has its receipt in the mailbox', () => {
      const receipts = new Set(records.receipts(session));
      return sent.every((delivery) => receipts.has(delivery.out_id));
    });
  }

  test('help lists what it can do, and says that no model is connected', async () => {
    const asked = await house.ask('help', 'help');
    assert.match(asked.reply, /^I am bell, a demo: no model is connected\./);
    for (const verb of ['markdown', 'stream', 'run ls -la', 'remind me', 'die during', 'flood'])
      assert.ok(asked.reply.includes(`\`${verb}`), verb);
    assert.deepEqual(
      records.conversation('help').map(({ kind, text, replyTo }) => [kind, text, replyTo]),
      [
        ['user', 'help', null],
        ['text', asked.reply, asked.message],
      ],
    );
    await assertDone(asked, 1);
  });

  test('what it does not know it says back, labelled as a demo', async () => {
    const asked = await house.ask('good morning', 'echo');
    assert.match(asked.reply, /^You said: good morning\n\n\(demo, no model connected/);
    await assertDone(asked, 1);
  });

  test('markdown comes as it was written', async () => {
    const asked = await house.ask('markdown', 'markdown');
    assert.match(asked.reply, /^# A heading\n.*^\| messages \| inbound\.db \|\n.*^```js\n/ms);
    await assertDone(asked, 1);
  });

  test('D13: stream is shown while it is written, piece by piece, with typing before and after', async () => {
    const events = await house.api.events('stream');
    const asked = await house.ask('stream', 'stream');
    const entry = await events.until('the answer', isReply);
    await events.until('the end of typing', (event) => event.type === 'typing' && !event.on);
    const pieces = events.seen.filter(isLive);
    assert.ok(pieces.length > 20, `${pieces.length} pieces`);
    assert.equal(pieces.map((piece) => piece.text).join(''), asked.reply);
    assert.equal(new Set(pieces.map((piece) => piece.turn)).size, 1);
    const order = events.seen.map((event) => (event.type === 'typing' ? `typing ${event.on}` : event.type));
    assert.ok(order.indexOf('typing true') < order.indexOf('live'));
    assert.ok(events.seen.findLastIndex(isLive) < events.seen.indexOf(entry));
    events.close();
    await assertDone(asked, 1);
  });

  test('run runs in the sandbox, as an ordinary user without a network', async () => {
    const asked = await house.ask(
      'run id -u; tail -n +3 /proc/net/dev | cut -d: -f1; hostname; exit 7',
      'run',
    );
    const [uid, device, host] = asked.reply.split('\n').slice(1);
    assert.match(uid ?? '', /^[1-9]\d*$/);
    assert.deepEqual([device?.trim(), host], ['lo', 'bellhop']);
    assert.match(asked.reply, /exit code 7$/);
    await assertDone(asked, 1);
  });

  test("an agent dials the host's own page from its sandbox: nobody is there", async () => {
    const url = new URL('/plain.css', await house.host.ready()).href;
    assert.equal((await fetch(url)).status, 200);
    const script = `fetch("${url}").then(r=>console.log("in",r.status),e=>console.log("out",e.cause.code))`;
    const asked = await house.ask(`run /bellhop/node -e '${script}'`, 'dial');
    assert.match(asked.reply, /^out ECONNREFUSED$/m);
  });

  test('file sends a file, and the host keeps a copy of its own for its owner', async () => {
    const asked = await house.ask('file', 'file');
    const [file] = asked.files;
    assert.ok(file && asked.files.length === 1);
    const bytes = readFileSync(file.path);
    assert.match(bytes.toString(), /^A file from your agent, for message \d+\.\n$/);
    assert.equal(file.size, bytes.length);
    assert.match(file.name, /^note-\d+\.txt$/);
    assert.ok(file.path.startsWith(`${house.data}/files/${asked.session}/`));
    assert.equal(statSync(file.path).mode & 0o077, 0);
    assert.deepEqual(
      replies('file').map((said) => said.text),
      ['Here is a file.', `I wrote ${file.name} and sent it.`],
    );
    await assertDone(asked, 2);
  });

  test('a file sent along is read in the sandbox', async () => {
    const path = house.path('shopping list.txt');
    writeFileSync(path, 'milk, 🥖, cheese\n');
    const asked = await house.ask('read', 'read', '--file', path);
    assert.match(asked.reply, /^shopping list\.txt has 19 bytes\. It begins:\n\n```\nmilk, 🥖, cheese\n/);
    const [said] = records.conversation('read');
    assert.ok(said?.body.kind === 'user');
    assert.deepEqual(
      said.body.files.map(({ name, size }) => [name, size]),
      [['shopping list.txt', 19]],
    );
    await assertDone(asked, 1);
  });

  test('ask shows a question with buttons; one press is answered, a second is refused', async () => {
    const asked = await house.program(['ask', '--thread', 'ask', 'ask']);
    assert.equal(asked.stdout, 'A question\nTea or coffee?\n  1. Tea\n  2. Coffee\n');
    const [said] = replies('ask');
    assert.ok(said?.body.kind === 'question');
    const { question } = said.body;
    const press = (id: string, option: string) => house.api.press({ id, question, option, thread: 'ask' });
    assert.equal((await press('press-0', 'whisky')).status, 403);
    const pressed = await press('press-1', 'tea');
    assert.equal(pressed.status, 202);
    await until('the press is answered', () => replies('ask').length > 1);
    const again = await press('press-2', 'coffee');
    assert.equal(again.status, 403);
    assert.match(again.body.error.message, /has been answered/);
    assert.deepEqual(
      replies('ask')
        .map(({ kind, text, replyTo }) => [kind, text, replyTo])
        .at(-1),
      ['text', 'You chose: tea', 'press-1'],
    );
    const rows = records.inbound(pressed.body.session);
    assert.deepEqual(
      rows.map((row) => [row.id === 'press-1', row.kind]),
      [
        [false, 'chat'],
        [true, 'system'],
      ],
    );
  });

  test('remind comes back when it is due, once, as a task of its own', async () => {
    const events = await house.api.events('remind');
    const asked = await house.ask('remind me in 1 second to stretch', 'remind');
    assert.equal(asked.reply, 'I will remind you in 1 second.');
    const reminder = await events.until(
      'the reminder',
      (event) => isReply(event) && event.body.kind === 'text' && event.body.text === 'Reminder: stretch',
    );
    events.close();
    const task = await until('the task is completed', () =>
      records.inbound(asked.session).find((row) => row.kind === 'task' && row.status === 'completed'),
    );
    assert.deepEqual([task.tries, JSON.parse(task.content).prompt], [0, 'stretch']);
    assert.ok(reminder.type === 'entry' && reminder.replyTo === task.id);
    assert.deepEqual(
      replies('remind').map((said) => said.text),
      ['I will remind you in 1 second.', 'Reminder: stretch'],
    );
  });

  test('D12: react names the message as the platform knows it', async () => {
    const asked = await house.ask('react', 'react');
    const [reaction, text] = replies('react');
    assert.deepEqual(reaction?.body, { kind: 'reaction', target: asked.message, emoji: 'thumbs_up' });
    assert.equal(text?.text, 'I reacted to your message.');
    await assertDone(asked, 2);
  });

  test('D12: edit changes the message that it sent; ask prints the last version only', async () => {
    const asked = await house.ask('edit', 'edit');
    const [first, edit, last] = replies('edit');
    assert.equal(first?.text, 'This is the first version.');
    assert.deepEqual(edit?.body, { kind: 'edit', target: first.id, text: 'This is the edited version.' });
    assert.equal(last?.text, 'I edited my message.');
    assert.equal(asked.reply, 'This is the edited version.\n\nI edited my message.');
    await assertDone(asked, 3);
  });

  test('D7: twice sends two messages in one turn, in the order they were sent', async () => {
    const asked = await house.ask('twice', 'twice');
    assert.deepEqual(
      replies('twice').map(({ text, replyTo }) => [text, replyTo]),
      [
        ['First, while I am still at it.', asked.message],
        ['Second, at the end.', asked.message],
      ],
    );
    await assertDone(asked, 2);
  });
});
