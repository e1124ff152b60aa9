/** `bellhop model [set|list|test]`: which model an agent speaks to. The host does it all; here are its words. */
import type { ModelView, SetModel } from '@bellhop/host/api';
import { flag, text } from './args.ts';
import type { Client } from './client.ts';
import type { Context } from './command.ts';
import { clientFor, firstContact } from './connect.ts';
import { within } from './deadline.ts';
import { FailedError, UsageError } from './errors.ts';
import { readSecret } from './secret.ts';
import { type Style, styleFor } from './style.ts';
import { oneLine } from './text.ts';

/** A person looks for a key meanwhile. */
const LONGEST_WAIT_MS = 300_000;
const HINT = 'See: ./bellhop help model';

type Action = (
  context: Context,
  client: Client,
  words: readonly string[],
  signal: AbortSignal,
) => Promise<string>;

const ACTIONS: Readonly<Record<string, { readonly maxWords: number; readonly act: Action }>> = {
  show: { maxWords: 0, act: show },
  set: { maxWords: 2, act: set },
  list: { maxWords: 1, act: list },
  test: { maxWords: 0, act: test },
};

export async function model(context: Context): Promise<number> {
  const { world, data, parsed } = context;
  const [name = 'show', ...words] = parsed.words;
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (!action) throw new UsageError(`There is no "model ${name}".`, HINT);
  if (words.length > action.maxWords)
    throw new UsageError(`"model ${name}" takes no "${words.at(-1)}".`, HINT);
  const client = clientFor(data);
  const silent = () => new FailedError('Bellhop does not answer.', 'See why: ./bellhop logs');
  const said = await within(world, LONGEST_WAIT_MS, silent, (signal) =>
    firstContact(data, () => action.act(context, client, words, signal)),
  );
  world.stdout.write(`${said}\n`);
  return 0;
}

async function show({ world, parsed }: Context, client: Client, _: readonly string[], signal: AbortSignal) {
  const view = await client.model(text(parsed, 'agent', 'model'), signal);
  return flag(parsed, 'json') ? JSON.stringify(view) : describe(view, styleFor(world.stdout, world.env));
}

/** Asks for the key when there is none yet, at a terminal; `--key` asks for a new one. */
async function set(
  { world, parsed }: Context,
  client: Client,
  words: readonly string[],
  signal: AbortSignal,
) {
  const [provider, model] = words;
  const agent = text(parsed, 'agent', 'model');
  const baseUrl = text(parsed, 'base-url', 'model');
  const now = await client.model(agent, signal);
  const wanted = provider ?? now.provider;
  const known = now.providers.find((one) => one.id === wanted);
  const missing = baseUrl === undefined && known?.key === 'missing';
  const asks = flag(parsed, 'key-stdin') || flag(parsed, 'key') || (missing && world.stdin.isTTY === true);
  if (asks && provider === 'auto') throw new UsageError('"auto" takes no key.', HINT);
  const key = asks
    ? await readSecret(world, `Key for ${known?.label ?? wanted} (it is not shown): `)
    : undefined;
  const change: SetModel = {
    ...(agent === undefined ? {} : { agent }),
    ...(provider === undefined ? {} : { provider }),
    ...(model === undefined ? {} : { model }),
    ...(baseUrl === undefined ? {} : { baseUrl: baseUrl === 'none' ? null : baseUrl }),
    ...(key === undefined ? {} : { key }),
  };
  const view = await client.setModel(change, signal);
  const next =
    view.key === 'missing'
      ? `Its key is missing: ./bellhop model set ${view.provider} --key`
      : 'Try it: ./bellhop model test';
  return `${describe(view, styleFor(world.stdout, world.env))}\n${next}`;
}

async function list({ parsed }: Context, client: Client, [provider]: readonly string[], signal: AbortSignal) {
  const found = await client.models(text(parsed, 'agent', 'model'), provider, signal);
  if (flag(parsed, 'json')) return JSON.stringify(found);
  return found.models.length === 0
    ? `${found.provider} names no models.`
    : found.models.map(oneLine).join('\n');
}

async function test({ parsed }: Context, client: Client, _: readonly string[], signal: AbortSignal) {
  const done = await client.testModel(text(parsed, 'agent', 'model'), signal);
  if (flag(parsed, 'json')) return JSON.stringify(done);
  const tokens = done.inputTokens === null ? '' : `, ${done.inputTokens} tokens in, ${done.outputTokens} out`;
  return `${done.provider} ${oneLine(done.model)} answered in ${done.ms} ms${tokens}: ${oneLine(done.text)}`;
}

const BY: Readonly<Record<ModelView['by'], string>> = {
  owner: 'you chose it',
  environment: 'its key is in the environment of the host',
  vault: 'its key is stored',
  ollama: 'it answers on this machine',
  nobody: 'nothing was found; connect one: ./bellhop model set anthropic',
};

const KEY: Readonly<Record<ModelView['key'], string>> = {
  environment: 'from the environment of the host',
  vault: 'stored, encrypted',
  unreadable: 'stored, but the key of the vault does not open it: enter it again',
  missing: 'missing',
  'none needed': 'none needed',
};

function describe(view: ModelView, style: Style): string {
  const rows: [string, string][] = [
    ['agent', view.agent],
    ['model', view.model === null ? 'none: the demo answers' : `${view.provider} ${view.model}`],
    ['because', BY[view.by]],
    ...(view.baseUrl === null ? [] : [['address', view.baseUrl] as [string, string]]),
    ...(view.model === null ? [] : [['key', KEY[view.key]] as [string, string]]),
    ['harness', view.harness],
  ];
  return rows.map(([name, value]) => `${style.dim(name.padEnd(8))} ${oneLine(value)}`).join('\n');
}
