/** The light harness in the real loop, over real mailbox files and a fake model; no sandbox and no host. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { MessageId, NewMessage } from '@bellhop/mailbox';
import { InboundMailbox } from '@bellhop/mailbox/host';
import { InboundReader, OutboundMailbox } from '@bellhop/mailbox/runner';
import type { Script } from '../../../../tests/fake-models/script.ts';
import { type FakeModel, type ServerOptions, startFakeModel } from '../../../../tests/fake-models/server.ts';
import { Bell } from '../../src/bell.ts';
import { Cancel } from '../../src/cancel.ts';
import { lightHarness } from '../../src/harnesses/light/index.ts';
import { runLoop } from '../../src/loop.ts';
import type { ModelConfig, RunnerConfig, RunnerFrame } from '../../src/protocol.ts';

export interface Room {
  readonly model: FakeModel;
  readonly frames: RunnerFrame[];
  readonly cancel: Cancel;
  /** What the harness waited for between calls, in milliseconds. */
  readonly waits: number[];
  readonly dirs: Readonly<Record<'in' | 'work' | 'memory' | 'home', string>>;
  enqueue(id: string, text: string, more?: Partial<NewMessage>): void;
  /** Runs a new runner until it has nothing to do. */
  work(): Promise<void>;
  /** Everything in the outbox, oldest first. */
  rows(): readonly {
    readonly content: Readonly<Record<string, unknown>>;
    readonly inReplyTo: string | null;
  }[];
  texts(): unknown[];
  ack(id: string): {
    readonly status: string;
    readonly errorClass: string | null;
    readonly error: string | null;
  };
  /** Makes a message due again, as the host does after a release. */
  again(id: string): void;
  continuation(): { readonly messages: readonly { readonly role: string; readonly content: unknown }[] };
}

export const MODEL: ModelConfig = {
  provider: 'anthropic',
  model: 'test',
  contextTokens: 200_000,
  maxOutputTokens: 4_000,
  images: true,
};

export async function openRoom(
  t: TestContext,
  script: Script,
  config: Partial<ModelConfig> = {},
  server: ServerOptions = {},
): Promise<Room> {
  const dir = mkdtempSync(join(tmpdir(), 'bh-light-'));
  const of = (name: string): string => {
    mkdirSync(join(dir, name), { recursive: true });
    return join(dir, name);
  };
  const dirs = { in: of('in'), out: of('out'), work: of('work'), memory: of('memory'), home: of('home') };
  const model = await startFakeModel(script, undefined, server);
  const outbound = OutboundMailbox.open(dirs.out, 1);
  const host = { inbound: InboundMailbox.open(dirs.in) };
  const here = { name: 'here', displayName: null, type: 'channel', agentId: null } as const;
  const address = { channel: 'terminal', chat: 'me', thread: null };
  host.inbound.prepare(address, [{ ...here, ...address }]);
  t.after(async () => {
    await model.close();
    host.inbound.close();
    outbound.close();
    rmSync(dir, { recursive: true, force: true });
  });
  writeFileSync(join(dirs.home, 'AGENT.md'), 'You are a test.');
  const runner: RunnerConfig = {
    ...{ session: 's', generation: 1, harness: 'light', agentName: 'bell', mode: 'run' },
    ...{ inDir: dirs.in, outDir: dirs.out, workDir: dirs.work, memoryDir: dirs.memory, homeDir: dirs.home },
    ...{
      extraDirs: [],
      skills: [],
      socketPath: '',
      egressSocketPath: '',
      batchSize: 10,
      contextRows: 50,
      maxFileBytes: 1_000_000,
      model: { ...MODEL, ...config },
    },
  };
  const cancel = new Cancel(0);
  const frames: RunnerFrame[] = [];
  const waits: number[] = [];
  const rows = () => {
    const acks = [...outbound.acks().values()];
    const turns = new Set(acks.map((ack) => ack.turnId));
    return [...turns]
      .flatMap((turn) => (turn === null ? [] : outbound.sent(turn)))
      .sort((a, b) => a.seq - b.seq)
      .map(({ content, inReplyTo }) => ({ content: JSON.parse(content), inReplyTo }));
  };
  return {
    model,
    frames,
    cancel,
    waits,
    dirs,
    rows,
    texts: () => rows().map(({ content }) => content.text),
    enqueue(id, text, more = {}) {
      host.inbound.enqueue([{ ...message(id, text), ...more }]);
    },
    async work() {
      const harness = lightHarness(async (ms, signal) => {
        signal.throwIfAborted();
        waits.push(ms);
      });
      const { workDir, memoryDir, homeDir, inDir } = runner;
      const place = {
        workDir,
        memoryDir,
        homeDir,
        inDir,
        extraDirs: [],
        skills: [],
        env: process.env,
        now: Date.now,
      };
      harness.start({ ...place, model: runner.model, modelUrl: `${model.url}/model` });
      const bell = new Bell();
      const emit = (frame: RunnerFrame): void => {
        frames.push(frame);
        if (frame.t === 'idle') bell.close();
      };
      await runLoop({ config: runner, outbound, harness, bell, cancel, emit, now: Date.now });
    },
    ack(id) {
      const ack = outbound.acks().get(id as MessageId);
      if (!ack) throw new Error(`${id} has no ack`);
      return ack;
    },
    again(id) {
      const reader = InboundReader.open(dirs.in);
      const row = [...reader.due(Date.now())].find((each) => each.id === id);
      reader.close();
      if (!row) throw new Error(`${id} is not due`);
      const { attempt } = row;
      host.inbound.settle({ changes: [{ kind: 'released', id: row.id, attempt, dueMs: 1 }] });
    },
    continuation: () => JSON.parse(outbound.state('continuation:light') ?? 'null'),
  };
}

function message(id: string, text: string): NewMessage {
  return {
    ...{ id: id as MessageId, kind: 'chat', timestampMs: 1, trigger: true, dueMs: 0 },
    content: JSON.stringify({ text, sender: 'Ana' }),
    ...{ recurrence: null, seriesId: null, channel: 'terminal', chat: 'me', thread: null },
  };
}
