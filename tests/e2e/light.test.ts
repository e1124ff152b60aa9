/**
 * An agent with a model, in a real sandbox, with its whole way out: the job (suites/light-job.ts), and what else holds
 * inside. The model is a fake on loopback that knows the real key. docker-light.test.ts does the same job with Docker.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { callTool, fail, type ModelRequest, say } from '../fake-models/script.ts';
import { bwrapMissing } from './house/machine.ts';
import { houseWithModel, results } from './house/with-model.ts';
import { lightJobSuite } from './suites/light-job.ts';

lightJobSuite('bwrap', ['anthropic', 'openai', 'openai-chat', 'google']);

const options = { skip: bwrapMissing };

test(
  'what is edited by hand in the agent folder holds from the next turn on; inside, AGENT.md cannot be written',
  options,
  async (t) => {
    const { house, model } = await houseWithModel(t, 'anthropic', (request) => {
      const [done] = results(request);
      return done === undefined
        ? callTool('bash', {
            command: 'echo x >> /workspace/home/AGENT.md; echo tea > /workspace/memory/INDEX.md; env',
          })
        : say('ok');
    });
    await house.ask('one', 'hand');
    writeFileSync(join(house.data, 'agents/bell/AGENT.md'), 'You are a PIRATE.');
    await house.ask('two', 'hand');
    const [before, after] = [model.requests[0], model.requests.at(-1)];
    assert.match(before?.system ?? '', /You are a personal assistant/);
    assert.match(after?.system ?? '', /PIRATE[\s\S]*INDEX\.md[\s\S]*tea/);
    const [result] = results(model.requests[1] as ModelRequest);
    assert.match(result ?? '', /Read-only file system|Permission denied/);
    assert.match(result ?? '', /HTTPS_PROXY=http:\/\/127\.0\.0\.1:\d+\n/);
    assert.match(result ?? '', /ANTHROPIC_API_KEY=bellhop-placeholder/);
  },
);

test(
  'attack: from inside, by tool or by command, no way leads to the web; the agent reads why',
  options,
  async (t) => {
    const { house, model } = await houseWithModel(t, 'anthropic', (request) => {
      const done = results(request).length;
      if (done === 0) return callTool('web_fetch', { url: 'https://example.com/' });
      if (done === 1) return callTool('web_fetch', { url: 'http://169.254.169.254/latest/meta-data' });
      if (done === 2) return callTool('bash', { command: 'echo > /dev/tcp/1.1.1.1/80' });
      return say('No way.');
    });
    assert.equal((await house.ask('go', 'web')).reply, 'No way.');
    const said = results(model.requests.at(-1) as ModelRequest);
    const [https, http, socket] = said;
    for (const words of [https, http])
      assert.match(words ?? '', /^Error: This host is not allowed for this agent/);
    assert.match(socket ?? '', /Network is unreachable/);
  },
);

test(
  'a key that is refused is said to the person, with what to type, and not called a failure of theirs',
  options,
  async (t) => {
    const { house } = await houseWithModel(t, 'anthropic', () => fail('bad_key'));
    const asked = await house.ask('hello', 'key');
    assert.match(
      asked.reply + asked.stderr,
      /did not accept the key\. Enter another one: \.\/bellhop model set/,
    );
  },
);
