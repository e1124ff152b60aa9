/** What an agent does in its sandbox, command by command: a model on loopback wants it done. */
import assert from 'node:assert/strict';
import type { Ending } from '../../../packages/host/test/temp-folder.ts';
import { callTool, type ModelRequest, say } from '../../fake-models/script.ts';
import type { FakeModel } from '../../fake-models/server.ts';
import type { House, UpOptions } from './house.ts';
import type { SandboxKind } from './machine.ts';
import { houseWithModel, results } from './with-model.ts';

export interface Inside {
  readonly house: House;
  readonly model: FakeModel;
  /** One turn of these commands, one after the other. Resolves with what they said. */
  run(thread: string, ...commands: readonly string[]): Promise<string[]>;
  /** The real command line, which must succeed. Resolves with its stdout. */
  bellhop(words: readonly string[], stdin?: string): Promise<string>;
}

export async function openInside(t: Ending, sandbox: SandboxKind, options: UpOptions): Promise<Inside> {
  const wanted: { commands: readonly string[] } = { commands: [] };
  const script = (request: ModelRequest) => {
    const command = wanted.commands[results(request).length];
    return command === undefined ? say('Done.') : callTool('bash', { command });
  };
  const { house, model } = await houseWithModel(t, 'anthropic', script, sandbox, options);
  return {
    house,
    model,
    async run(thread, ...commands) {
      wanted.commands = commands;
      const asked = await house.ask('go', thread);
      assert.equal(asked.reply, 'Done.', asked.stderr);
      const said = results(model.requests.at(-1) as ModelRequest);
      assert.equal(said.length, commands.length);
      return said.map((text) => text.replace(/\n?\[exit code \d+\]\s*$/, '').trimEnd());
    },
    async bellhop(words, stdin = '') {
      const ran = await house.bellhop(words, stdin);
      assert.equal(ran.code, 0, ran.stderr);
      return ran.stdout;
    },
  };
}
