/** T3: half a character, which a platform or a provider may refuse for ever, gets out of no sandbox and out of no preview. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneLine } from '../../src/api/conversation-log.ts';
import { Watchers } from '../../src/api/stream.ts';
import { parseContent } from '../../src/delivery/content.ts';
import { heldWords } from '../../src/delivery/links/guard.ts';

const SMILE = '😀';
const HALF = SMILE.slice(0, 1);

test('T3: attack: a row with half a character, in any kind and any place, is read as whole ones', () => {
  const file = { text: `a${HALF}`, files: [`${HALF}.txt`] };
  const edit = { operation: 'edit', messageId: HALF, text: HALF };
  const reaction = { operation: 'reaction', messageId: 'm', emoji: HALF };
  const options = [{ label: HALF, value: HALF }];
  const question = { type: 'ask_question', questionId: 'q', title: HALF, question: `${HALF}?`, options };
  const task = {
    action: 'schedule_task',
    taskId: 't',
    prompt: HALF,
    processAfter: '2026-01-01T00:00:00.000Z',
  };
  for (const [kind, content] of [
    ['chat', file],
    ['chat', edit],
    ['chat', reaction],
    ['chat-sdk', question],
    ['system', task],
  ] as const) {
    const read = parseContent(kind, JSON.stringify(content));
    assert.ok(read, kind);
    assert.doesNotMatch(JSON.stringify(read), /\\ud[89a-f]/i);
  }
  const whole = { text: SMILE, files: [] };
  assert.deepEqual(parseContent('chat', JSON.stringify(whole)), { ...whole });
});

test('T3: previews and the text so far are cut between characters', () => {
  for (const before of ['', 'x']) {
    const long = before + SMILE.repeat(60_000);
    assert.ok(oneLine(`${before}${' '.repeat(396 - before.length)}abc${SMILE}${long}`, 100).isWellFormed());
    assert.ok(heldWords([long]).isWellFormed());
    const watchers = new Watchers();
    const key = { channel: 'web', chat: 'c', thread: 'main' };
    watchers.tell(key, { type: 'live', turn: 't', text: `${long}x` });
    assert.ok(watchers.caughtUp(key).every((told) => 'text' in told && told.text.isWellFormed()));
  }
});
