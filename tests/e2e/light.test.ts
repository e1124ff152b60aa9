/**
 * An agent with a model, in a real sandbox, with its whole way out: a job over three turns that writes, runs, mends,
 * sends, asks and reminds, while everything around it fails. The model is a fake on loopback that knows the real key.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { callTool, fail, type ModelRequest, type Script, say } from '../fake-models/script.ts';
import { startFakeModel } from '../fake-models/server.ts';
import { type House, houseFor } from './house/house.ts';
import { bwrapMissing } from './house/machine.ts';
import { until } from './house/until.ts';

const CANARY = 'canary-key-9876543210';
const options = { skip: bwrapMissing };

async function houseWithModel(t: TestContext, provider: string, script: Script) {
  const house = houseFor(t);
  const model = await startFakeModel(script, CANARY);
  t.after(() => model.close());
  house.writeSettings({ retryBaseMs: 200 });
  await house.up();
  const url = provider === 'anthropic' ? model.url : `${model.url}/v1`;
  const set = await house.bellhop(
    ['model', 'set', provider, 'test', '--base-url', url, '--key-stdin'],
    `${CANARY}\n`,
  );
  assert.equal(set.code, 0, set.stderr);
  return { house, model };
}

/** The results of tools since the last thing that a person said. */
function results({ turns }: ModelRequest): string[] {
  const last = turns.findLastIndex(({ role, text }) => role === 'user' && text.includes('<context'));
  return turns.slice(last).flatMap((turn) => turn.results);
}
const asked = ({ turns }: ModelRequest, words: string) =>
  turns.findLast(({ role, text }) => role === 'user' && text.includes('<context'))?.text.includes(words) ??
  false;

const sandboxPid = (house: House) => house.sandboxes()[0]?.pid ?? 0;

for (const provider of ['anthropic', 'openai', 'openai-chat']) {
  test(
    `${provider}: a job over three turns ends with the right files and messages, once each, whatever dies meanwhile`,
    options,
    async (t) => {
      const held = Promise.withResolvers<void>();
      const killed = { sandbox: false, host: false };
      let busy = 2;
      const { house, model } = await houseWithModel(t, provider, async (request) => {
        const done = results(request).length;
        if (asked(request, 'write it')) {
          if (busy-- > 0) return fail('rate_limit');
          if (done === 0) return callTool('write', { path: 'job/sum.sh', content: 'echo $((2+))' });
          if (done === 1) return callTool('bash', { command: 'bash job/sum.sh' });
          if (done === 2) {
            // A follow-up is on its way; the turn takes it up after this step.
            await held.promise;
            return callTool('edit', { path: 'job/sum.sh', old_text: '2+)', new_text: '2+3)' });
          }
          return say(
            `Mended; and also: ${request.turns.some(({ text }) => text.includes('use five')) ? 'five' : '?'}`,
          );
        }
        if (asked(request, 'run it')) {
          if (done === 0) return callTool('send_message', { text: 'Running.' });
          if (done === 1) return callTool('bash', { command: 'bash job/sum.sh > job/out.txt' });
          if (done === 2 && !killed.sandbox) {
            killed.sandbox = true;
            process.kill(sandboxPid(house), 'SIGKILL');
            return new Promise(() => undefined);
          }
          if (done === 2) return callTool('send_file', { path: 'job/out.txt', text: 'The sum' });
          return say('Sent.');
        }
        if (asked(request, 'ask me')) {
          if (done === 0)
            return callTool('ask_user_question', { question: 'Keep it?', options: ['yes', 'no'] });
          if (done === 1 && !killed.host) {
            killed.host = true;
            void house.host.kill().then(() => house.up());
            return new Promise(() => undefined);
          }
          if (done === 1) return callTool('schedule_task', { prompt: 'look at the sum', in_seconds: 3_600 });
          if (done === 2) return callTool('list_tasks', {});
          return say('Asked, and I will look again in an hour.');
        }
        return say('?');
      });

      const first = house.ask('write it', 'job');
      await until('the turn is at its third step', () => model.requests.some((r) => results(r).length === 2));
      await house.api.send({ id: 'more', thread: 'job', text: 'use five' });
      held.resolve();
      assert.equal((await first).code, 0);
      await house.ask('run it', 'job');
      // Its host dies under it; what it asked is answered all the same.
      await house.ask('ask me', 'job');
      await until('the third turn is answered', () =>
        house.records.conversation('job').some(({ text }) => text?.includes('in an hour')),
      );

      const said = house.records.conversation('job').filter(({ kind }) => kind !== 'user');
      const words = said.map(({ text }) => text);
      for (const once of [
        'Mended; and also: five',
        'Running.',
        'Sent.',
        'Asked, and I will look again in an hour.',
      ]) {
        assert.equal(words.filter((text) => text === once).length, 1, `${once} of ${JSON.stringify(words)}`);
      }
      assert.equal(words.filter((text) => text?.includes('waits: the model asks to wait')).length, 1);
      assert.equal(words.filter((text) => text === 'The sum').length, 1);
      assert.equal(said.filter(({ kind }) => kind === 'question').length, 1);
      const files = join(house.data, 'agents/bell/files/job');
      assert.equal(readFileSync(join(files, 'sum.sh'), 'utf8'), 'echo $((2+3))');
      assert.equal(readFileSync(join(files, 'out.txt'), 'utf8'), '5\n');

      await house.host.stop();
      const all = readdirSync(house.data, { recursive: true }).map((name) => join(house.data, String(name)));
      const holding = all.filter((path) => {
        return statSync(path).isFile() && !path.endsWith('/node') && readFileSync(path).includes(CANARY);
      });
      assert.deepEqual(holding, []);
    },
  );
}

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
