/**
 * Promise 23 from inside a real sandbox: a refused host becomes a card, and nothing that the agent does decides it. The
 * host's name has no address anywhere: that it passes is seen in the refusal, which is then about that.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ApprovalList, ApprovalRow } from '../../../packages/host/src/api/contract.ts';
import { houseFor } from '../house/house.ts';
import { missing, type SandboxKind } from '../house/machine.ts';

const HOST = 'api.bellhop-test.invalid';
/** CONNECT by hand, to see what the way out says: a client would keep those words to itself. */
const ASK = `curl -s -i --proxy '' --max-time 30 -X CONNECT --request-target ${HOST}:443 -H 'Host: ${HOST}:443' $HTTPS_PROXY`;

/** What an agent could try in its sandbox to answer its own card: to reach the owner's socket or page, or write the store. */
const ANSWER = [
  'find / -name "bellhop.sock" -o -name "bellhop.db" 2>/dev/null',
  'curl -s --noproxy "" --max-time 5 http://127.0.0.1:PORT/v1/approvals',
  'curl -s --proxy "" --max-time 5 http://127.0.0.1:PORT/v1/approvals',
].join('; ');

export function approvalsSuite(sandbox: SandboxKind): void {
  test(`attack: promise 23: ${sandbox}: an agent that is refused a host is given it by its owner alone, by a card`, {
    skip: missing[sandbox],
  }, async (t) => {
    const house = houseFor(t, sandbox);
    await house.up();
    const { port } = new URL((await house.api.status()).body.url);
    const stream = await house.api.events('cards');
    const reach = async () => (await house.ask(`run ${ASK}`, 'cards')).reply ?? '';
    const list = async (): Promise<readonly ApprovalRow[]> => {
      const { stdout, stderr } = await house.bellhop(['approvals', '--json']);
      assert.equal(stderr, '');
      return (JSON.parse(stdout) as ApprovalList).approvals;
    };
    const open = async () => (await list()).find(({ state }) => state === 'asked');

    assert.match(await reach(), /403[\s\S]*api\.bellhop-test\.invalid, port 443\. The owner is being asked/);
    await reach();
    const card = await open();
    assert.equal((await list()).length, 1);
    assert.deepEqual([card?.agent, card?.host, card?.port], ['bell', HOST, 443]);
    assert.match((await house.bellhop(['status'])).stdout, /approvals +1 open/);

    // By its own words, by a button of its own, and from its sandbox.
    for (const words of [
      `run echo allow ${card?.id}; echo once`,
      'ask',
      `run ${ANSWER.replaceAll('PORT', port)}`,
    ]) {
      const { reply = '' } = await house.ask(words, 'cards');
      assert.doesNotMatch(reply, /sha256|bellhop\.(sock|db)/);
    }
    assert.equal((await open())?.id, card?.id);

    const once = await house.bellhop(['approvals', 'allow', card?.id.slice(0, 8) ?? '', '--once']);
    assert.match(once.stdout, /^allowed once: bell to api\.bellhop-test\.invalid, port 443/, once.stderr);
    await stream.until('the agent is told', (event) => {
      return (
        event.type === 'entry' &&
        event.body.kind === 'text' &&
        /I am told: Allowed once/.test(event.body.text)
      );
    });
    const audit = readFileSync(join(house.data, 'egress', 'audit.jsonl'), 'utf8');
    assert.match(audit, /"what":"approval decided".*api\.bellhop-test\.invalid:443","decision":"once"/);
    // Past the policy: it has no address. What did not pass has used nothing up.
    assert.match(await reach(), /502[\s\S]*No address was found/);
    const late = await house.bellhop(['approvals', 'deny', card?.id ?? '']);
    assert.equal(late.code, 1);
    assert.match(late.stderr, /decided before: once/);

    await house.host.kill();
    await house.up();
    assert.match(await reach(), /502[\s\S]*No address was found/);
    // The same agent in another conversation was given nothing.
    const other = await house.ask(`run ${ASK}`, 'elsewhere');
    assert.match(other.reply ?? '', /403[\s\S]*The owner is being asked/);
    const second = await open();
    await house.bellhop(['approvals', 'deny', second?.id ?? '']);
    const refused = await house.ask(`run ${ASK}`, 'elsewhere');
    assert.match(refused.reply ?? '', /403[\s\S]*was asked, and said no/);
  });
}
