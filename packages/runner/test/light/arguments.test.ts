/** T3: the arguments of every tool are taken as they are meant. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { callTool, inTurn, say } from '../../../../tests/fake-models/script.ts';
import { takeArguments } from '../../src/harnesses/light/tools/arguments.ts';
import { TOOLS } from '../../src/harnesses/light/tools/manifest.ts';
import { openRoom } from './room.ts';

interface Shape {
  readonly properties?: Readonly<Record<string, { readonly type?: string; readonly items?: object }>>;
  readonly required?: readonly string[];
}

/** Arguments that each tool takes, with everything that it knows. */
const FULL: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  bash: { command: 'ls', timeout_seconds: 20 },
  read: { path: 'a', offset: 1, limit: 20 },
  write: { path: 'a', content: 'x' },
  edit: { path: 'a', old_text: 'x', new_text: 'y' },
  list: { path: 'a' },
  glob: { pattern: '*', path: 'a' },
  grep: { pattern: 'x', path: 'a', include: '*.md', ignore_case: true },
  web_fetch: { url: 'https://example.com/' },
  send_message: { text: 'hi', to: 'here' },
  send_file: { path: 'a', text: 'x' },
  edit_message: { id: 3, text: 'x' },
  add_reaction: { id: 3, emoji: 'x' },
  ask_user_question: { title: 't', question: 'q', options: ['a', 'b'] },
  schedule_task: { prompt: 'x', in_seconds: 60 },
  list_tasks: {},
  cancel_task: { id: 'x' },
};

for (const { name, input } of TOOLS) {
  const shape = z.toJSONSchema(input, { io: 'input' }) as Shape;
  const known = Object.entries(shape.properties ?? {});
  const full = FULL[name] ?? {};
  const taken = takeArguments(input, full);

  test(`T3: ${name}: null and nothing are taken for a parameter that may be left out, by its own default`, () => {
    const optional = known.map(([key]) => key).filter((key) => !shape.required?.includes(key));
    for (const key of optional) {
      const { [key]: _, ...without } = full;
      for (const left of [null, undefined, ''])
        assert.deepEqual(takeArguments(input, { ...full, [key]: left }), takeArguments(input, without), key);
    }
    const none = Object.fromEntries(optional.map((key) => [key, null]));
    const needed = Object.fromEntries(Object.entries(full).filter(([key]) => shape.required?.includes(key)));
    assert.deepEqual(takeArguments(input, { ...needed, ...none }), takeArguments(input, needed));
  });

  test(`T3: ${name}: what is written as a text is taken as what it says`, () => {
    const written = Object.fromEntries(
      Object.entries(full).map(([key, value]) => [
        key,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]),
    );
    assert.deepEqual(takeArguments(input, written), taken);
  });

  test(`T3: ${name}: null for what it needs is told, in words that name it`, () => {
    for (const key of shape.required ?? [])
      assert.throws(
        () => takeArguments(input, { ...full, [key]: null }),
        new RegExp(`do not fit[\\s\\S]*${key}`),
      );
  });
}

test('T3: a number for a text is its text, one word for a list is a list of it, and no number is made of a word', () => {
  const input = z.object({ text: z.string(), list: z.array(z.string()), n: z.number() });
  assert.deepEqual(takeArguments(input, { text: 5, list: 'a', n: ' -2.5 ' }), {
    text: '5',
    list: ['a'],
    n: -2.5,
  });
  for (const n of ['', 'many', '0x10', '1e999', 'Infinity', 'NaN', '--1', null, []])
    assert.throws(() => takeArguments(input, { text: 'x', list: [], n }), /do not fit/, String(n));
});

test('T3: attack: no arguments make it fail in another way than in words', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...TOOLS),
      fc.dictionary(fc.constantFrom('path', 'id', 'text', 'options', '__proto__', 'x'), fc.jsonValue()),
      (tool, given) => {
        try {
          takeArguments(tool.input, given as Record<string, unknown>);
        } catch (error) {
          assert.match(String(error), /these arguments do not fit/);
          assert.ok(String(error).length < 1_500);
        }
      },
    ),
  );
});

test('T3: in a turn: "20" seconds, a null path and a tool that nobody knows', async (t) => {
  const room = await openRoom(
    t,
    inTurn(
      callTool('bash', { command: 'echo one', timeout_seconds: '20' }),
      callTool('list', { path: null }),
      callTool('grep', { pattern: 'x', path: null, include: null, ignore_case: 'false' }),
      callTool('Bash', { command: 'echo two' }),
      say('Done.'),
    ),
  );
  room.enqueue('m1', 'go');
  await room.work();
  const results = room.model.requests.at(-1)?.turns.flatMap((turn) => turn.results) ?? [];
  assert.match(results[0] ?? '', /^one/);
  assert.doesNotMatch(results.slice(0, 3).join(), /Error/);
  assert.match(results[3] ?? '', /^Error: there is no tool Bash; there are: bash, read/);
});
