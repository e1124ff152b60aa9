/** What an operator asks and does: why, dead letters, sessions out of service. Through the real command line. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { DeadLetterList, SessionList, WhyList } from '../../packages/host/src/api/contract.ts';
import { until } from '../../packages/host/test/until.ts';
import { type House, sharedHouse } from './house/house.ts';
import { bwrapMissing } from './house/machine.ts';

async function lines(house: House, ...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await house.bellhop(args);
  assert.equal(code, 0, stderr);
  const found = stdout.split('\n').slice(0, -1);
  for (const one of found) assert.ok(one.length <= 80, one);
  return found;
}

async function json<T>(house: House, ...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await house.bellhop([...args, '--json']);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as T;
}

describe('the operator', { skip: bwrapMissing, concurrency: 1 }, () => {
  const house = sharedHouse({ maxTries: 1 });

  test('is told the whole story of an answered message on one screen, by id, by number and as the last one', async () => {
    const { message } = await house.ask('help', 'main');
    const told = await lines(house, 'why', message);
    assert.equal(told[0], 'It was answered: 1 reply delivered.');
    for (const part of [
      /^message +\S+ \(number 2, chat\)$/,
      /^accepted +\d{4}-\d\d-\d\d/,
      /^from +terminal, local:bell, thread main$/,
      /^routed to +bell, session [\w-]+$/,
      /^mailbox +completed, 0 tries charged, attempt 1/,
      /^life +1: from .*, runs$/,
      /^reply +answer delivered, 1 piece\(s\), 1 attempt\(s\)$/,
      /^ended .*, answered$/,
    ])
      assert.ok(
        told.some((line) => part.test(line)),
        `${part} in\n${told.join('\n')}`,
      );
    assert.ok(told.length <= 24);
    assert.deepEqual(await lines(house, 'why', 'last'), told);
    assert.deepEqual(await lines(house, 'why', '2', '--thread', 'main'), told);
    const { messages } = await json<WhyList>(house, 'why', message);
    assert.equal(messages[0]?.state, 'answered');
    const session = messages[0]?.session ?? '';
    assert.deepEqual(await lines(house, 'why', message, '--session', session), told);
    assert.deepEqual(await lines(house, 'why', message, '--channel', 'terminal'), told);
    assert.equal((await house.bellhop(['why', message, '--channel', 'web'])).code, 1);
  });

  test('is told why there was no answer, and how to try again', async () => {
    const { message } = await house.ask('fail for good', 'failing');
    const [verdict, next] = await lines(house, 'why', message);
    assert.match(verdict ?? '', /^It failed: /);
    assert.equal(next, `Try it again: ./bellhop dead-letters retry ${message}`);
    const { deadLetters } = await json<DeadLetterList>(house, 'dead-letters');
    const found = deadLetters.find((letter) => letter.message === message);
    assert.ok(found?.reason && found.agent === 'bell');
    assert.ok((await lines(house, 'dead-letters', 'show', message)).includes('fail for good'));
  });

  test('tries a dead letter again, which fails anew, and puts it away', async () => {
    const { message } = await house.ask('fail for good', 'failing-twice');
    await lines(house, 'dead-letters', 'retry', message);
    await until('it has failed once more', async () => {
      const { messages } = await json<WhyList>(house, 'why', message);
      return messages[0]?.state === 'failed' && messages[0].row?.attempt === 2;
    });
    await lines(house, 'dead-letters', 'discard', message);
    const { deadLetters } = await json<DeadLetterList>(house, 'dead-letters', 'list');
    assert.ok(!deadLetters.some((letter) => letter.message === message));
    assert.equal((await house.bellhop(['dead-letters', 'retry', message])).code, 1, 'it is none any more');
  });

  test('M10: sees a session that was put out of service with its reason, and puts it back', async () => {
    const { session } = await house.ask('help', 'bad');
    const outbound = join(house.data, 'sessions', 'bell', session, 'out', 'outbound.db');
    rmSync(outbound);
    writeFileSync(outbound, 'x'.repeat(8_192));
    const refused = await house.ask('hello', 'bad');
    assert.equal(refused.code, 1);
    // Its sandbox ends a moment after the refusal is told.
    const sessions = await until('its sandbox has ended', async () => {
      const list = await json<SessionList>(house, 'sessions', 'list', '--quarantined');
      return list.sessions.every(({ awake }) => !awake) && list.sessions;
    });
    assert.deepEqual(
      sessions.map((one) => [one.session, one.state]),
      [[session, 'quarantined']],
    );
    assert.match(sessions[0]?.reason ?? '', /outbound\.db/);
    const [, next] = await lines(house, 'why', refused.message);
    assert.match(next ?? '', /^Its session is out of service: /);
    rmSync(outbound);
    await lines(house, 'sessions', 'release', session);
    assert.equal((await house.ask('hello', 'bad')).code, 0);
    assert.equal((await house.bellhop(['sessions', 'release', session])).code, 1, 'it is in service');
  });

  test('sees what each session takes on disk, in the list and in status', async () => {
    const { session } = await house.ask('file', 'files');
    const { sessions } = await json<SessionList>(house, 'sessions');
    const found = sessions.find((one) => one.session === session);
    assert.ok(found && found.diskBytes > 20_000 && found.awake, JSON.stringify(found));
    const { disk } = await json<{ disk: { session: string; bytes: number }[] }>(house, 'status');
    assert.ok((disk.find((one) => one.session === session)?.bytes ?? 0) > 20_000);
    assert.ok((await lines(house, 'sessions', 'list')).length >= 2);
    const rows = (await lines(house, 'status')).filter((line) => /^ *disk +[\d.]+ .?B/.test(line));
    assert.ok(rows.length >= 1 && rows.some((line) => line.includes('files')), rows.join('\n'));
  });

  test('is told what to type for a message that nobody knows', async () => {
    const { code, stderr } = await house.bellhop(['why', 'no-such-message']);
    assert.equal(code, 1);
    assert.match(stderr, /no message no-such-message is known\n {2}.*why last/);
    assert.equal((await house.bellhop(['why'])).code, 2);
    assert.equal((await house.bellhop(['dead-letters', 'burn', 'x'])).code, 2);
  });
});
