/** A host that was started with a TZ that names no zone: its messages are answered, and it says which zone it took. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callTool, type ModelRequest, say } from '../fake-models/script.ts';
import { bwrapMissing } from './house/machine.ts';
import { houseWithModel, results } from './house/with-model.ts';

/** With the zone that it comes to; null: said as a warning, and UTC. */
const ZONES: readonly (readonly [tz: string, zone: string | null])[] = [
  ['', null],
  ['Foo/Bar', null],
  ['UTC+3', null],
  ['+05:30', null],
  ['Factory', null],
  ['/usr/share/zoneinfo/Asia/Tokyo', 'Asia/Tokyo'],
  [':/usr/share/zoneinfo/posix/America/Lima', 'America/Lima'],
];

for (const [tz, wanted] of ZONES) {
  test(`Z1: with TZ=${JSON.stringify(tz)} at up a message is answered, and the zone is said`, {
    skip: bwrapMissing,
  }, async (t) => {
    const script = (request: ModelRequest) =>
      results(request).length === 0 ? callTool('bash', { command: 'echo zone=$TZ' }) : say('Here.');
    const { house, model } = await houseWithModel(t, 'anthropic', script, 'bwrap', { env: { TZ: tz } });
    const zone = wanted ?? 'UTC';
    const { reply, session, stderr } = await house.ask('what time is it?', 'zone');
    assert.equal(reply, 'Here.', stderr);
    assert.equal(house.records.generations(session).length, 1, 'one sandbox, that did not die');
    const begun = model.requests[0]?.turns.at(-1)?.text ?? '';
    assert.match(begun, new RegExp(`<context timezone="${zone}" />[\\s\\S]* time="\\w+ \\d+, \\d{4}, `));
    assert.match(results(model.requests.at(-1) as ModelRequest)[0] ?? '', new RegExp(`^zone=${zone}\\n`));
    const said =
      wanted === null ? /^WARNING: TZ is .*UTC; set one/m : new RegExp(`^The time zone is ${zone}\\.$`, 'm');
    assert.match(house.host.stderr, said);
    assert.match((await house.bellhop(['status'])).stdout, new RegExp(`time zone +${zone}$`, 'm'));
  });
}
