/**
 * A person asks, and a model does the work: through the real host, a real sandbox and the egress process, to a model on
 * loopback that takes the real key alone. What goes wrong on the way is light.test.ts's.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { callTool, inTurn, say } from '../fake-models/script.ts';
import { startFakeModel } from '../fake-models/server.ts';
import { houseFor } from './house/house.ts';
import { bwrapMissing } from './house/machine.ts';

const CANARY = 'canary-key-5566778899';

test('a model runs a command, sends a file and answers; its use is on record, and its key lies nowhere in the clear', {
  skip: bwrapMissing,
}, async (t) => {
  const house = houseFor(t);
  const script = inTurn(
    callTool('bash', { command: 'echo "tea at five" > plan.txt; env' }),
    callTool('send_file', { path: 'plan.txt', text: 'The plan' }),
    say('It is ', 'done.'),
  );
  const model = await startFakeModel(script, CANARY);
  t.after(() => model.close());
  await house.up();
  const demo = await house.ask('hello', 'before');
  assert.match(demo.reply, /demo/i);
  assert.equal(model.requests.length, 0);

  const set = ['model', 'set', 'anthropic', 'test', '--base-url', model.url, '--key-stdin'];
  assert.equal((await house.bellhop(set, `${CANARY}\n`)).code, 0);
  const asked = await house.ask('plan the day', 'plan');
  assert.equal(asked.code, 0, asked.stderr);
  assert.match(asked.stdout, /It is done\./);
  assert.match(asked.stdout, /plan\.txt/);
  assert.deepEqual(
    model.requests.map((request) => request.protocol),
    ['anthropic', 'anthropic', 'anthropic'],
  );
  assert.equal(readFileSync(join(house.data, 'agents/bell/files/plan.txt'), 'utf8'), 'tea at five\n');
  // What the sandbox knows as its key.
  const [shown = ''] = model.requests.at(-1)?.turns.flatMap((turn) => turn.results) ?? [];
  assert.match(shown, /ANTHROPIC_API_KEY=bellhop-placeholder/);

  const usage = await house.bellhop(['usage', '--json']);
  const [row] = (JSON.parse(usage.stdout) as { rows: Record<string, unknown>[] }).rows;
  assert.deepEqual(
    [row?.key, row?.calls, row?.inputTokens, row?.outputTokens],
    ['bell', 3, 300, 30],
    usage.stdout,
  );

  await house.host.stop();
  const files = readdirSync(house.data, { recursive: true }).map((name) => join(house.data, String(name)));
  const read = files.filter((path) => statSync(path).isFile() && !path.endsWith('/node'));
  assert.ok(read.some((path) => path.includes('/egress/')));
  // The vault's file is among them: it holds the key encrypted.
  const holding = read.filter((path) => readFileSync(path).includes(CANARY));
  assert.deepEqual(holding, []);
});
