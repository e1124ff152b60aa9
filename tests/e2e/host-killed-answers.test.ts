/**
 * A host that dies by -9: what it had accepted, thought and said. No sandbox has a part in that; what becomes of a
 * sandbox meanwhile is in host-killed.test.ts. One house for all, a conversation for each.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '../../packages/host/test/until.ts';
import { sharedHouse } from './house/house.ts';
import { isLive, isReply, said, settled, upAgain } from './house/killed.ts';
import { bwrapMissing } from './house/machine.ts';

describe('a host that is killed', { skip: bwrapMissing }, () => {
  const house = sharedHouse();

  test('R4: right after it accepted, on a cold and on a warm session, answers after its next start', async () => {
    for (const id of ['cold', 'warm']) {
      assert.equal((await house.api.send({ id, text: `hello ${id}`, thread: 'accepted' })).status, 202);
      await house.host.kill();
      await upAgain(house);
      await settled(house, id);
      if (id === 'cold') await house.ask('help', 'accepted');
    }
    const replies = house.records.conversation('accepted').filter((entry) => entry.kind === 'text');
    for (const id of ['cold', 'warm']) {
      const [answer, ...more] = replies.filter((reply) => reply.replyTo === id);
      assert.match(answer?.text ?? '', new RegExp(`^You said: hello ${id}\n`));
      assert.deepEqual(more, []);
    }
    // 202 is told before the person's own words are shown; a host that dies between both has them all the same.
    assert.deepEqual(
      house.records.inbound((await house.api.message('cold')).body.session).map((row) => row.tries),
      [0, 0, 0],
    );
  });

  test('R3: a message that is sent again to the next host changes nothing', async () => {
    const message = { id: 'once', text: 'twice', thread: 'again' };
    const first = await house.api.send(message);
    await house.host.kill();
    await upAgain(house);
    const again = await Promise.all([house.api.send(message), house.api.send(message)]);
    for (const { status, body } of again) assert.deepEqual([status, body], [202, first.body]);
    await settled(house, 'once');
    await house.api.send(message);
    assert.equal((await house.ask('help', 'again')).code, 0);
    assert.equal(said(house, 'again').filter((line) => line.startsWith('text: ')).length, 3);
  });

  test('M11, D2: after the turn was committed delivers that answer, and does not think again', async () => {
    const events = await house.api.events('committed');
    const sent = await house.api.send({ id: 'm-committed', text: 'stream', thread: 'committed' });
    await events.until('the answer is being written', isLive);
    // It sees nothing any more: neither the bell nor the row.
    house.host.freeze();
    const { session } = sent.body;
    await until('the turn is committed', () => house.records.acknowledged(session).includes('m-committed'));
    const [row] = house.records.outbound(session);
    assert.equal(said(house, 'committed').length, 1, 'nothing was delivered yet');
    await house.host.kill();
    await upAgain(house);
    await settled(house, 'm-committed');
    assert.equal(said(house, 'committed').length, 2);
    assert.deepEqual(
      house.records.deliveries(session).map((delivery) => ({ ...delivery })),
      [{ out_id: row?.id, state: 'delivered' }],
    );
    const generations = house.records.generations(session).map(({ number, costs }) => [number, costs]);
    assert.deepEqual(generations, [[1, 0]]);
  });

  test('D2, M7: between the two messages of one turn says each of them once', async () => {
    const events = await house.api.events('twice');
    await house.api.send({ id: 'm-twice', text: 'twice', thread: 'twice' });
    await events.until('the first message', isReply);
    await house.host.kill();
    await upAgain(house);
    await settled(house, 'm-twice');
    assert.deepEqual(said(house, 'twice'), [
      'user: twice',
      'text: First, while I am still at it.',
      'text: Second, at the end.',
    ]);
  });

  test('under a waiting ask: the command line waits for the next host and prints the answer', async () => {
    const events = await house.api.events('ask');
    const asking = house.ask('stream', 'ask');
    await events.until('the answer is being written', isLive);
    await house.host.kill();
    await upAgain(house);
    const asked = await asking;
    assert.equal(asked.code, 0);
    assert.match(asked.reply, /^Every conversation gets its own room.*on its way\.$/s);
    assert.equal(said(house, 'ask').length, 2);
  });
});
