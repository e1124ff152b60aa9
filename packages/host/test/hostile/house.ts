/**
 * A host with real sandboxes in which some agents are attackers: their runner is whatever a test wrote. The host's parts
 * live in the test's process, so that its event loop can be watched; one honest agent lives beside the attackers.
 */
import { chmodSync, chownSync, copyFileSync, existsSync, linkSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { MessageId, NewMessage } from '@bellhop/mailbox';
// The text that the host compares with: an attacker knows it, too.
import { OUTBOUND_DDL, SCHEMA_VERSION } from '../../../mailbox/src/schema.ts';
import { sandboxUser } from '../../src/folders.ts';
import { ensureRunner } from '../../src/runner-bundle.ts';
import { makeAgentFolder } from '../../src/sessions/agent-folder.ts';
import { readSettings } from '../../src/settings.ts';
import { addAgent } from '../../src/store/agents.ts';
import type { Agent, AgentId, Clock, Session, SessionId } from '../../src/types.ts';
import { type MakeRuntime, owner, host as user } from '../sandboxes/house.ts';
import { type House, openHouse } from '../supervisor/world.ts';
import type { Ending } from '../temp-folder.ts';
import { until } from '../until.ts';

/** The real one, whose timers keep no process alive: a host that has stopped is followed by the end of its process. */
const CLOCK: Clock = {
  now: Date.now,
  after(ms, call) {
    const timer = setTimeout(call, Math.min(ms, 2 ** 31 - 1)).unref();
    return () => clearTimeout(timer);
  },
};

/** No attacker ends when it is asked to; the host's default would be waited for in full at the end of each street. */
const ATTACKERS_GRACE_MS = 200;

/** The median of so many: the first ones run code that is not compiled yet. */
const HONEST_ANSWERS = 5;

const TASK: Omit<NewMessage, 'id'> = {
  kind: 'task',
  timestampMs: 0,
  content: '{"prompt":"stretch"}',
  trigger: true,
  dueMs: Date.parse('3000-01-01'),
  recurrence: null,
  seriesId: null,
  channel: 'fake',
  chat: 'chat',
  thread: null,
};

/** The honest runner, built once for all houses of a process. */
export async function buildRunner(): Promise<{ readonly dir: string; remove(): Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'bh-runner-'));
  const dir = await ensureRunner({ dataDir, user: sandboxUser(user.hostUid) }, () => undefined);
  return { dir, remove: () => rm(dataDir, { recursive: true }) };
}

export interface Street {
  readonly house: House;
  /** A file of the host that no sandbox can see; an attacker finds its path in `canary-path`. */
  readonly canary: string;
  /** What became of a task of the honest agent, due in a thousand years. */
  honestTask(): Promise<string>;
  /** A new agent in a chat of its own, whose runner is this code behind tools.mjs. Its first message is on its way. */
  attacker(code: string): Promise<Session>;
  /** Resolves when the honest agent has answered something new. */
  honestAnswers(): Promise<void>;
  /** For how long the host computes in one go (as `watchLoop`) while an honest agent answers; measured here. */
  measureHonest(): Promise<void>;
  readonly honestMs: number;
  reasonOf(session: Session): Promise<string | null>;
  /** What its agent was told, as rows of its inbound.db. */
  notesFor(session: Session): readonly string[];
  /** For a test that failed: what became of its lives and rows. */
  story(session: Session): Promise<string>;
  refusals(session: Session): Promise<readonly string[]>;
}

export async function openStreet(t: Ending, make: MakeRuntime, runner: string): Promise<Street> {
  const numbers = { attackers: 0, questions: 0, honestMs: 0 };
  const house = await openHouse(t, { stopGraceMs: ATTACKERS_GRACE_MS }, async (dataDir) => {
    chmodSync(dataDir, 0o711);
    // What the egress process would have made: every sandbox with a way out sees it.
    await mkdir(join(dataDir, 'trust'), { mode: 0o755 });
    const runnerDir = join(dataDir, 'runner');
    await mkdir(runnerDir, { mode: 0o755 });
    linkSync(join(runner, 'node'), join(runnerDir, 'node'));
    copyFileSync(join(runner, 'runner.mjs'), join(runnerDir, 'runner.mjs'));
    copyFileSync(join(import.meta.dirname, 'tools.mjs'), join(runnerDir, 'tools.mjs'));
    const schema = { ddl: OUTBOUND_DDL, version: SCHEMA_VERSION };
    const lines = Object.entries(schema).map(
      ([name, value]) => `export const ${name} = ${JSON.stringify(value)};`,
    );
    writeFileSync(join(runnerDir, 'schema.mjs'), lines.join('\n'));
    // Agents of the other harness are ours: their program is in their workspace.
    writeFileSync(
      join(runnerDir, 'runner-light.mjs'),
      "await import(JSON.parse(process.argv[2]).workDir + '/attack.mjs');",
    );
    for (const file of ['runner.mjs', 'tools.mjs', 'schema.mjs', 'runner-light.mjs'])
      chmodSync(join(runnerDir, file), 0o644);
    chownSync(runnerDir, owner.uid, owner.gid);
    chownSync(join(runnerDir, 'runner.mjs'), owner.uid, owner.gid);
    // As host.ts sets them.
    const limits = {
      maxFileBytes: readSettings(dataDir).maxOutboundBytes,
      maxValueBytes: 1_000_000,
      maxRows: 50,
    };
    return { limits, runtime: make(dataDir), runnerDir, clock: CLOCK, user: sandboxUser(user.hostUid) };
  });
  const canary = join(house.dir, 'canary');
  writeFileSync(canary, 'of the host');
  const street: Street = {
    house,
    canary,
    async honestTask() {
      const [row] = await house.rows("SELECT id, agent_id FROM sessions WHERE chat = 'chat'");
      const session = { id: row?.id as SessionId, agentId: row?.agent_id as AgentId };
      const id = 'task:1' as MessageId;
      return house.mailboxes.inbound(session, (mailbox) => {
        // The first time it is made.
        mailbox.enqueue([{ ...TASK, id }]);
        return mailbox.rows([id]).get(id)?.status ?? 'none';
      });
    },
    async attacker(code) {
      numbers.attackers += 1;
      const id = `a${numbers.attackers}`;
      const agent: Agent = { id: `agent-${id}` as AgentId, name: id, harness: 'light' };
      await house.store.transaction((sql) => addAgent(sql, agent, house.clock.now()));
      await house.wire(id, agent.id);
      await makeAgentFolder({ dataDir: house.dir, user: sandboxUser(user.hostUid) }, agent.id);
      const home = join(house.dir, 'agents', agent.id);
      // Whatever it cannot change there, the mounts keep it from.
      for (const path of [home, join(home, 'AGENT.md')]) chownSync(path, owner.uid, owner.gid);
      const file = join(home, 'files', 'attack.mjs');
      writeFileSync(join(file, '../canary-path'), canary, { mode: 0o644 });
      writeFileSync(
        file,
        `import { config, cut, inbox, openOutbox, outbox, ringOn, say, tell, text } from '/bellhop/tools.mjs';\n${code}`,
        { mode: 0o644 },
      );
      return house.say(`${id}-m1`, { chat: id });
    },
    async honestAnswers() {
      numbers.questions += 1;
      const id = `q${numbers.questions}`;
      await house.say(id);
      await until(`${id} is answered`, async () => (await house.stateOf(id)) === 'answered');
    },
    async measureHonest() {
      const seen: number[] = [];
      for (let n = 0; n < HONEST_ANSWERS; n += 1) {
        const longest = watchLoop();
        await street.honestAnswers();
        seen.push(longest());
      }
      numbers.honestMs = seen.sort((a, b) => a - b)[Math.floor(HONEST_ANSWERS / 2)] ?? 0;
    },
    get honestMs() {
      return numbers.honestMs;
    },
    async reasonOf({ id }) {
      const [row] = await house.rows(
        "SELECT state_reason FROM sessions WHERE id = ? AND state = 'quarantined'",
        id,
      );
      return row ? String(row.state_reason) : null;
    },
    notesFor(session) {
      const path = join(house.mailboxes.paths(session).inDir, 'inbound.db');
      if (!existsSync(path)) return [];
      const db = new DatabaseSync(path, { readOnly: true, timeout: 1_000 });
      try {
        const rows = db.prepare("SELECT content FROM messages_in WHERE kind = 'system'").all();
        return rows.map((row) => String(row.content));
      } finally {
        db.close();
      }
    },
    async story(session) {
      const lives = await house.rows(
        'SELECT number, state, reason FROM generations WHERE session_id = ?',
        session.id,
      );
      const ends = house.log.lines.filter(({ fields }) => fields.session === session.id);
      const refusals = await street.refusals(session);
      const said = house.channel.confirmed
        .filter(({ chat }) => chat === session.chat)
        .map(({ content }) => content);
      return JSON.stringify({ lives, ends, refusals, said, reason: await street.reasonOf(session) });
    },
    async refusals({ id }) {
      const rows = await house.rows(
        "SELECT reason FROM deliveries WHERE session_id = ? AND state = 'failed' ORDER BY seq",
        id,
      );
      return rows.map((row) => String(row.reason));
    },
  };
  return street;
}

/**
 * The longest time for which this thread computed without a look at its timers, from now until it is asked, in
 * milliseconds. The processor's time, not the clock's: other programs on the machine must not count.
 */
export function watchLoop(): () => number {
  const computed = () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  };
  const seen = { atMs: computed(), longestMs: 0 };
  const timer = setInterval(() => {
    const nowMs = computed();
    seen.longestMs = Math.max(seen.longestMs, nowMs - seen.atMs);
    seen.atMs = nowMs;
  }, 1);
  return () => {
    clearInterval(timer);
    return seen.longestMs;
  };
}
