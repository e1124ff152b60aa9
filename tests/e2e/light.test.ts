/**
 * An agent with a model, in a real sandbox, with its whole way out: the job (suites/light-job.ts), and what else holds
 * inside. The model is a fake on loopback that knows the real key. docker-light.test.ts does the same job with Docker and
 * another provider's protocol, compatible.test.ts speaks the fourth one.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { until } from '../../packages/host/test/until.ts';
import { callTool, fail, type ModelRequest, type Script, say } from '../fake-models/script.ts';
import { bwrapMissing } from './house/machine.ts';
import { sharedWorld } from './house/shared-world.ts';
import { asked, houseWithModel, results } from './house/with-model.ts';
import { lightJobSuite } from './suites/light-job.ts';

lightJobSuite('bwrap', ['openai', 'google']);

describe('an agent with a model, in a real sandbox', { skip: bwrapMissing }, () => {
  const script: { now: Script } = { now: () => say('?') };
  const opened = sharedWorld((t) => houseWithModel(t, 'anthropic', (request) => script.now(request)));

  test('what is edited by hand in the agent folder holds from the next turn on; inside, AGENT.md cannot be written', async () => {
    const { house, model } = await opened();
    script.now = (request) => {
      const [done] = results(request);
      return done === undefined
        ? callTool('bash', {
            command: 'echo x >> /workspace/home/AGENT.md; echo tea > /workspace/memory/INDEX.md; env',
          })
        : say('ok');
    };
    const from = model.requests.length;
    await house.ask('one', 'hand');
    writeFileSync(join(house.data, 'agents/bell/AGENT.md'), 'You are a PIRATE.');
    await house.ask('two', 'hand');
    const [before, after] = [model.requests[from], model.requests.at(-1)];
    assert.match(before?.system ?? '', /You are a personal assistant/);
    assert.match(after?.system ?? '', /PIRATE[\s\S]*INDEX\.md[\s\S]*tea/);
    const [result] = results(model.requests[from + 1] as ModelRequest);
    assert.match(result ?? '', /Read-only file system|Permission denied/);
    assert.match(result ?? '', /HTTPS_PROXY=http:\/\/127\.0\.0\.1:\d+\n/);
    assert.match(result ?? '', /ANTHROPIC_API_KEY=bellhop-placeholder/);
  });

  test('attack: from inside, by tool or by command, no way leads to the web; the agent reads why', async () => {
    const { house, model } = await opened();
    script.now = (request) => {
      const done = results(request).length;
      if (done === 0) return callTool('web_fetch', { url: 'https://example.com/' });
      if (done === 1) return callTool('web_fetch', { url: 'http://169.254.169.254/latest/meta-data' });
      if (done === 2) return callTool('bash', { command: 'echo > /dev/tcp/1.1.1.1/80' });
      return say('No way.');
    };
    assert.equal((await house.ask('go', 'web')).reply, 'No way.');
    const said = results(model.requests.at(-1) as ModelRequest);
    const [https, http, socket] = said;
    for (const words of [https, http])
      assert.match(words ?? '', /^Error: This host is not allowed for this agent/);
    assert.match(socket ?? '', /Network is unreachable/);
  });

  test('a key that is refused is said with what to type, once; the next messages fail by their receipts, and its end is told', async () => {
    let isRefused = true;
    const { house } = await opened();
    script.now = () => (isRefused ? fail('bad_key') : say('Hello.'));
    const notices = () => house.records.conversation('key').filter(({ kind }) => kind === 'notice');
    const first = await house.ask('hello', 'key');
    const words = /did not accept the key\. Enter another one: \.\/bellhop model set/;
    assert.match(first.reply, words);
    const second = await house.ask('hello again', 'key');
    assert.equal(second.code, 1);
    assert.match(second.stderr, words, 'who asked hears why');
    assert.equal(notices().length, 1);
    isRefused = false;
    assert.equal((await house.ask('and now', 'key')).reply, 'Hello.');
    await until('its end is told', () => notices().length === 2);
    assert.match(notices()[1]?.text ?? '', /^The model answers again\./);
  });

  test('/stop in mid-turn ends the call at the model too; what the turn has sent stays', async () => {
    const hung = Promise.withResolvers<void>();
    const { house, model } = await opened();
    script.now = (request) => {
      if (!asked(request, 'go')) return say('Fresh.');
      if (results(request).length === 0) return callTool('send_message', { text: 'I begin.' });
      hung.resolve();
      return new Promise(() => undefined);
    };
    const asking = house.ask('go', 'stop');
    await hung.promise;
    await house.api.send({ id: 'stop-it', thread: 'stop', text: '/stop' });
    const stopped = await asking;
    assert.equal(stopped.code, 1);
    assert.match(stopped.stderr, /you stopped it/);
    await until('nobody waits at the model', () => model.open() === 0);
    const said = house.records.conversation('stop').filter(({ kind }) => kind === 'text');
    assert.deepEqual(
      said.map(({ text }) => text),
      ['I begin.'],
    );
    assert.equal((await house.ask('next', 'stop')).reply, 'Fresh.');
  });
});
