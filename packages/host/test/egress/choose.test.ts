import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takeEnvironment } from '../../src/egress/environment.ts';
import type { Known } from '../../src/egress/port.ts';
import { chooseModel, type Facts } from '../../src/model/choose.ts';

function key(name: string, readable = true): Known['keys'][number] {
  return { name, from: 'environment', readable };
}

function chosen(facts: Partial<Facts>) {
  const known: Known = { keys: [], ollama: null };
  const { by, endpoint, harness } = chooseModel({
    choice: null,
    known,
    harness: 'demo',
    forced: null,
    ...facts,
  });
  return [by, endpoint?.provider ?? null, harness];
}

test('with nothing found the demo speaks', () => {
  assert.deepEqual(chosen({}), ['nobody', null, 'demo']);
});

test('the first key in the order wins, whatever the order in which they are found', () => {
  const keys = [key('openrouter'), key('google'), key('openai'), key('anthropic')];
  assert.deepEqual(chosen({ known: { keys, ollama: ['llama'] } }), ['environment', 'anthropic', 'light']);
  assert.deepEqual(chosen({ known: { keys: keys.slice(0, 2), ollama: null } }), [
    'environment',
    'google',
    'light',
  ]);
});

test('an Ollama that answers comes after every key; one without models is none', () => {
  assert.deepEqual(chosen({ known: { keys: [], ollama: ['llama'] } }), ['ollama', 'ollama', 'light']);
  assert.deepEqual(chosen({ known: { keys: [], ollama: [] } }), ['nobody', null, 'demo']);
});

test("a key that the vault does not open, or for an address of one's own, makes no default", () => {
  const keys = [key('anthropic', false), key('openai@gate.example')];
  assert.deepEqual(chosen({ known: { keys, ollama: null } }), ['nobody', null, 'demo']);
});

test("the owner's choice outranks what is found, also without its key", () => {
  const choice = { provider: 'openai', model: 'gpt-x', baseUrl: null } as const;
  assert.deepEqual(chosen({ choice, known: { keys: [key('anthropic')], ollama: null } }), [
    'owner',
    'openai',
    'light',
  ]);
});

test('BELLHOP_HARNESS outranks all, and an agent with a harness of its own keeps it', () => {
  const known: Known = { keys: [key('anthropic')], ollama: null };
  assert.deepEqual(chosen({ known, forced: 'demo' }), ['environment', 'anthropic', 'demo']);
  assert.deepEqual(chosen({ known, harness: 'instant' }), ['environment', 'anthropic', 'instant']);
});

test('attack: after the host has handed the keys on, no other child can inherit them', () => {
  const env: NodeJS.ProcessEnv = { ANTHROPIC_API_KEY: 'a', BELLHOP_KEY: 'b', PATH: '/bin', TZ: 'UTC' };
  assert.deepEqual(takeEnvironment(env), { ANTHROPIC_API_KEY: 'a', BELLHOP_KEY: 'b', TZ: 'UTC' });
  assert.deepEqual(env, { PATH: '/bin', TZ: 'UTC' });
});
