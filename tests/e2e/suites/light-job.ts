/**
 * A job over three turns that writes, runs, mends, sends, asks and reminds, while everything around it fails: the model
 * answers 429 twice, a follow-up comes in mid-turn, the sandbox is killed in turn two and the host in turn three. It ends
 * with the right files and messages, once each, and its key lies nowhere.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../../../packages/host/test/until.ts';
import { callTool, fail, type Script, say } from '../../fake-models/script.ts';
import { containerHolds } from '../house/engine.ts';
import type { House } from '../house/house.ts';
import { missing, type SandboxKind } from '../house/machine.ts';
import { type MarkedProcess, stillRun } from '../house/sandboxes.ts';
import { asked, CANARY, houseWithModel, results } from '../house/with-model.ts';

export function lightJobSuite(sandbox: SandboxKind, providers: readonly string[]): void {
  for (const provider of providers) {
    test(`${provider}, ${sandbox}: a job over three turns ends with the right files and messages, once each, whatever dies meanwhile`, {
      skip: missing[sandbox],
    }, async (t) => {
      const held = Promise.withResolvers<void>();
      const killed = { sandbox: false, host: false };
      let busy = 2;
      let working: readonly MarkedProcess[] = [];
      const script: Script = async (request) => {
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
            process.kill(house.sandboxes()[0]?.pid ?? 0, 'SIGKILL');
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
            working = house.sandboxes();
            void house.host.kill().then(() => house.up());
            return new Promise(() => undefined);
          }
          if (done === 1) return callTool('schedule_task', { prompt: 'look at the sum', in_seconds: 3_600 });
          if (done === 2) return callTool('list_tasks', {});
          return say('Asked, and I will look again in an hour.');
        }
        return say('?');
      };
      const { house, model } = await houseWithModel(t, provider, script, sandbox);

      const first = house.ask('write it', 'job');
      await until('the turn is at its third step', () => model.requests.some((r) => results(r).length === 2));
      await house.api.send({ id: 'more', thread: 'job', text: 'use five' });
      held.resolve();
      assert.equal((await first).code, 0);
      await assertNoKeyInside(house);
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

      // The turn that ran when its host died is the one that has answered.
      assert.ok(working.length > 0);
      assert.deepEqual(stillRun(working), working, 'it went on in its sandbox');

      await house.host.stop();
      assert.deepEqual(filesWith(house.data, CANARY), []);
    });
  }
}

/** Nothing of a sandbox that lives knows the key: its processes, and with Docker all of its files and what made it. */
async function assertNoKeyInside(house: House): Promise<void> {
  const processes = house.sandboxes();
  assert.ok(processes.length > 0);
  for (const { pid } of processes) {
    for (const file of ['environ', 'cmdline', 'mountinfo'])
      assert.ok(!readFileSync(`/proc/${pid}/${file}`).includes(CANARY), file);
  }
  assert.deepEqual(await containerHolds(house.records.installId(), CANARY), []);
}

function filesWith(dir: string, text: string): string[] {
  const all = readdirSync(dir, { recursive: true }).map((name) => join(dir, String(name)));
  return all.filter((path) => {
    return statSync(path).isFile() && !path.endsWith('/node') && readFileSync(path).includes(text);
  });
}
