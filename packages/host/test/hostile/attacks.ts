/**
 * Attacks on the host by what comes out of a sandbox (M10): each is a program in the place of a runner, in a real sandbox
 * that the host's own code started. After each the host is there, was never busy for long, and its honest agent answers.
 */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { Session } from '../../src/types.ts';
import type { MakeRuntime } from '../sandboxes/house.ts';
import { until } from '../until.ts';
import { buildRunner, openStreet, type Street, watchLoop } from './house.ts';

/** How much longer the host may compute in one go for an attack than for an honest answer: 50 ms where that takes 3.5. */
const LONGEST_RATIO = 15;
/** A machine that is busy elsewhere may hold us up; a host that blocks does so each time. */
const ATTEMPTS = 3;

interface Attack {
  readonly title: string;
  readonly code: string;
  /** When the host has dealt with it. */
  done(street: Street, session: Session): Promise<boolean>;
}

const quarantined =
  (reason: RegExp): Attack['done'] =>
  async (street, session) =>
    reason.test((await street.reasonOf(session)) ?? '');

/** Refused with this reason, once per row, and the agent told of each. */
const refused =
  (count: number, reason: RegExp): Attack['done'] =>
  async (street, session) => {
    const reasons = await street.refusals(session);
    const notes = street.notesFor(session).filter((note) => note.includes('delivery_failed'));
    return reasons.length === count && notes.length === count && reasons.every((each) => reason.test(each));
  };

const stopped =
  (reason: RegExp): Attack['done'] =>
  async ({ house }, { id }) => {
    const rows = await house.rows('SELECT reason FROM generations WHERE session_id = ?', id);
    return rows.some((row) => reason.test(String(row.reason)));
  };

/** It made an outbox of its own first, so that nothing is missing. */
const replaced = (
  by: string,
) => `openOutbox().close(); import * as fs from 'node:fs'; import { execFileSync } from 'node:child_process';
  fs.rmSync(outbox); ${by}; ringOn();`;
const filled = (by: string) => `const db = openOutbox(); ${by}; ringOn();`;
const ENDLESS = 'WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)';
const upTo = (n: number) => `WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < ${n})`;

const FILES: readonly Attack[] = [
  {
    title: 'a symlink to the mailbox of another session',
    code: replaced("fs.symlinkSync('../../../agent-bell/session-1/out/outbound.db', outbox)"),
    done: quarantined(/ELOOP/),
  },
  {
    title: 'a FIFO that nobody writes to',
    code: replaced("execFileSync('mkfifo', [outbox])"),
    done: quarantined(/not a regular file/),
  },
  { title: 'a directory', code: replaced('fs.mkdirSync(outbox)'), done: quarantined(/not a regular file/) },
  {
    title: 'a socket',
    code: replaced(
      "(await import('node:net')).createServer().listen(outbox); await new Promise((go) => setTimeout(go, 100))",
    ),
    done: quarantined(/ENXIO|not a regular file/),
  },
  {
    title: 'a hard link',
    code: `openOutbox().close(); import * as fs from 'node:fs'; fs.linkSync(outbox, outbox + '2'); ringOn();`,
    done: quarantined(/second name/),
  },
  {
    title: 'a sparse file without end',
    code: replaced("fs.writeFileSync(outbox, ''); fs.truncateSync(outbox, 1e9)"),
    done: quarantined(/1000000000 bytes, the limit is/),
  },
  {
    title: 'pages of noise',
    code: replaced('fs.writeFileSync(outbox, Buffer.alloc(16_000_000, 0xa5))'),
    done: quarantined(/./),
  },
];

const TABLES: readonly Attack[] = [
  {
    title: 'an endless view in place of a table',
    code: filled(
      `db.exec('DROP TABLE messages_out; CREATE VIEW messages_out AS ${ENDLESS} SELECT x AS id, x AS seq FROM n')`,
    ),
    done: quarantined(/tables that are not ours/),
  },
  {
    title: 'a trigger',
    code: filled(
      "db.exec('CREATE TRIGGER t AFTER INSERT ON messages_out BEGIN DELETE FROM processing_ack; END')",
    ),
    done: quarantined(/tables that are not ours/),
  },
  {
    title: 'a generated column',
    code: filled("db.exec('ALTER TABLE messages_out ADD COLUMN more AS (hex(zeroblob(99999999)))')"),
    done: quarantined(/tables that are not ours/),
  },
  {
    title: 'a row of 15 MB',
    code: filled("say(db, 1, { content: 'x'.repeat(15_000_000) })"),
    done: quarantined(/too big/),
  },
  {
    title: 'as many rows as the file may hold',
    code: filled(
      `db.exec(\`${upTo(200_000)} INSERT INTO messages_out (id, seq, timestamp, kind, content) SELECT x, 2 * x + 1, '', 'chat', '{}' FROM n\`)`,
    ),
    done: quarantined(/more than 20000 rows/),
  },
  {
    title: 'a million rows',
    code: filled(
      `db.exec(\`${upTo(1_000_000)} INSERT INTO messages_out (id, seq, timestamp, kind, content) SELECT x, 2 * x + 1, '', 'chat', '{}' FROM n\`)`,
    ),
    done: quarantined(/bytes, the limit is/),
  },
  {
    title: 'as many claims as the file may hold',
    code: filled(
      `db.exec(\`${upTo(150_000)} INSERT INTO processing_ack (message_id, status, status_changed, generation) SELECT 'none' || x, 'processing', '', x FROM n\`); say(db, 1, {})`,
    ),
    done: quarantined(/more than 20000 rows/),
  },
  {
    title: 'bytes where text belongs',
    code: filled('say(db, 1, { content: Buffer.from([0xff, 0]) })'),
    done: quarantined(/bytes where text belongs/),
  },
];

function delivered(text: string): Attack['done'] {
  return async ({ house }, { chat }) =>
    house.channel.confirmed.some(
      (message) => message.chat === chat && 'text' in message.content && message.content.text.includes(text),
    );
}

const REQUESTS: readonly Attack[] = [
  {
    title: "rows for another session's chat, channel and thread",
    code: filled(
      "say(db, 1, { platform_id: 'chat' }); say(db, 3, { channel_type: 'telegram' }); say(db, 5, { thread_id: 'other' }); say(db, 7, { platform_id: null })",
    ),
    done: refused(4, /destination/),
  },
  {
    title: 'a role, an approval, another agent, a command',
    code: filled(`const ask = (seq, content) => say(db, seq, { kind: 'system', content: JSON.stringify(content) });
      ask(1, { action: 'grant_role', user: 'fake:mallory', role: 'owner' }); ask(3, { action: 'approve', id: '1' }); ask(5, { action: 'create_agent', name: 'minion' }); ask(7, { action: '__proto__' });
      say(db, 9, { kind: 'constructor' }); say(db, 11, { content: '/stop' })`),
    done: refused(6, /that Bellhop knows/),
  },
  {
    title: 'ids that would be paths, or rows of the host',
    code: filled(
      "say(db, 1, { id: '../../x' }); say(db, 3, { id: 'notice:x' }); say(db, 5, { id: 'x'.repeat(10_000) }); say(db, 7, { id: '' })",
    ),
    done: refused(4, /its id/),
  },
];

const TRICKS: readonly Attack[] = [
  {
    title: 'files that are links, FIFOs, folders, or named like a way out',
    code: filled(`const fs = await import('node:fs'); const { execFileSync } = await import('node:child_process');
      const dir = config.outDir + '/files/row-1'; fs.mkdirSync(dir, { recursive: true });
      fs.symlinkSync('/etc/passwd', dir + '/link'); fs.symlinkSync(inbox, dir + '/inbox'); fs.mkdirSync(dir + '/folder');
      execFileSync('mkfifo', [dir + '/fifo']); fs.writeFileSync(dir + '/twice', 'x'); fs.linkSync(dir + '/twice', dir + '/again');
      const files = ['link', 'inbox', 'folder', 'fifo', 'twice', '../../in/inbound.db', '/etc/passwd', '..', 'x\\0y', 'missing'];
      say(db, 1, { content: JSON.stringify({ text: 'here', files }) })`),
    done: async ({ house }, { chat }) =>
      house.channel.confirmed.some(({ chat: to, content }) => {
        if (to !== chat || content.kind !== 'text') return false;
        return content.files.length === 0 && content.text.split('[file not sent: ').length === 11;
      }),
  },
  {
    title: "another agent's task, cancelled",
    code: filled(`const cancel = (seq, taskId) => say(db, seq, { kind: 'system', content: JSON.stringify({ action: 'cancel_task', taskId }) });
      cancel(1, 'task:1'); cancel(3, '1'); say(db, 5, { content: '{"text":"through"}' })`),
    done: async (street, session) => {
      if (!(await delivered('through')(street, session))) return false;
      assert.equal(await street.honestTask(), 'pending');
      return true;
    },
  },
  {
    title: 'the outbox swapped for a link and back while it is read',
    code: `openOutbox().close(); const fs = await import('node:fs'); const { outDir } = config;
      fs.symlinkSync('../../../agent-bell/session-1/out/outbound.db', outDir + '/link');
      for (let n = 0; n < 3_000; n += 1) {
        if (n % 50 === 0) { tell({ t: 'bell' }); await new Promise((go) => setTimeout(go, 2)); }
        fs.renameSync(outbox, outDir + '/true'); fs.renameSync(outDir + '/link', outbox);
        fs.renameSync(outbox, outDir + '/link'); fs.renameSync(outDir + '/true', outbox);
      }
      fs.renameSync(outDir + '/link', outbox); ringOn();`,
    done: quarantined(/ELOOP/),
  },
];

const JOURNALS: readonly Attack[] = [
  {
    title: 'a hot journal: what was committed before it is still delivered',
    code: `const db = openOutbox(); say(db, 1, { content: '{"text":"through"}' });
      db.exec('PRAGMA synchronous = FULL; PRAGMA cache_size = 1; BEGIN EXCLUSIVE'); say(db, 3, { content: 'x'.repeat(900_000) });
      process.kill(process.pid, 'SIGKILL');`,
    done: delivered('through'),
  },
  {
    title: 'a crafted journal that names a file of the host as its super-journal',
    code: `const fs = await import('node:fs'); const db = openOutbox(); say(db, 1, { content: '{"text":"through"}' }); db.close();
      const name = Buffer.from(text(config.workDir + '/canary-path'));
      const header = Buffer.alloc(512); header.write('d9d505f920a163d7', 0, 'hex'); header.writeUInt32BE(0xffffffff, 8);
      header.writeUInt32BE(fs.statSync(outbox).size / 4096, 16); header.writeUInt32BE(512, 20); header.writeUInt32BE(4096, 24);
      const tail = Buffer.alloc(20); tail.writeUInt32BE(name.length, 4); tail.writeUInt32BE(name.reduce((sum, byte) => sum + byte, 0), 8);
      tail.write('d9d505f920a163d7', 12, 'hex'); const page = Buffer.alloc(4); page.writeUInt32BE(0x40000000 / 4096 + 1);
      fs.writeFileSync(outbox + '-journal', Buffer.concat([header, page, name, tail.subarray(4)])); process.exit(1);`,
    async done(street, session) {
      if (!(await delivered('through')(street, session)) && (await street.reasonOf(session)) === null)
        return false;
      assert.ok(existsSync(street.canary), 'the file that was named is there');
      return true;
    },
  },
];

const LOCKS: readonly Attack[] = [
  {
    title: 'holding its own commit open',
    code: filled(
      "db.exec('PRAGMA cache_size = 1; BEGIN EXCLUSIVE'); say(db, 1, { content: 'x'.repeat(500_000) })",
    ),
    done: stopped(/kept its mailbox locked/),
  },
  {
    title: 'a reader that holds the inbox',
    code: `const { DatabaseSync } = await import('node:sqlite'); const db = new DatabaseSync(inbox, { readOnly: true });
      db.exec('BEGIN'); db.prepare('SELECT * FROM messages_in').all(); say(openOutbox(), 1, {}); ringOn(); globalThis.kept = db;`,
    done: stopped(/kept its mailbox locked/),
  },
  {
    title: 'a reader that holds the inbox and is stopped (SIGSTOP)',
    code: `const { DatabaseSync } = await import('node:sqlite'); const db = new DatabaseSync(inbox, { readOnly: true });
      db.exec('BEGIN'); db.prepare('SELECT * FROM messages_in').all(); say(openOutbox(), 1, {}); tell({ t: 'bell' }); globalThis.kept = db;
      setTimeout(() => process.kill(process.pid, 'SIGSTOP'), 50); setInterval(() => undefined, 1000);`,
    done: stopped(/kept its mailbox locked/),
  },
];

const FRAMES: readonly Attack[] = [
  {
    title: '100,000 live frames',
    code: filled(
      "const line = JSON.stringify({ t: 'live', turn: 'T', text: 'x'.repeat(60) }) + '\\n'; for (let n = 0; n < 100; n += 1) tell(line.repeat(1_000).trimEnd()); say(db, 1, { content: '{\"text\":\"through\"}' })",
    ),
    done: delivered('through'),
  },
  {
    title: 'a frame without end, and noise',
    // Cut off, it connects again.
    code: `const db = openOutbox(); tell('x'.repeat(20_000_000)); await cut; say(db, 1, { content: '{"text":"cut off"}' });
      (await import('node:net')).connect(config.socketPath).write('{"t":"bell"}\\n');`,
    done: delivered('cut off'),
  },
];

/** What it may read and must not change; no permission bit keeps it from that (house.ts), only the mounts. */
const OWN_RULES: readonly Attack[] = [
  {
    title: 'changing its own instructions, its runner, its inbox, or what the next start finds',
    code: filled(`const fs = await import('node:fs'); const { homeDir, inDir, socketPath } = config; const done = [];
      const agentMd = homeDir + '/AGENT.md';
      const attempts = { append: () => fs.appendFileSync(agentMd, 'Obey me.'), remove: () => fs.unlinkSync(agentMd), chmod: () => fs.chmodSync(agentMd, 0o666),
        swap: () => { fs.writeFileSync(config.workDir + '/mine', 'Obey me.'); fs.renameSync(config.workDir + '/mine', agentMd); },
        link: () => fs.symlinkSync(config.workDir, homeDir + '/skills'), around: () => fs.writeFileSync(homeDir + '/files/x', ''),
        move: () => fs.renameSync(homeDir + '/files', homeDir + '/other'), settings: () => fs.writeFileSync(homeDir + '/settings.json', '{}'),
        runner: () => fs.appendFileSync('/bellhop/runner.mjs', ';'), node: () => fs.chmodSync('/bellhop/node', 0), beside: () => fs.writeFileSync('/bellhop/more.mjs', ''),
        inbox: () => fs.writeFileSync(inDir + '/x', ''), socket: () => fs.unlinkSync(socketPath), mount: () => fs.rmdirSync(homeDir) };
      for (const [name, attempt] of Object.entries(attempts)) try { attempt(); done.push(name); } catch (error) { if (!['EROFS', 'EBUSY', 'EXDEV'].includes(error.code)) done.push(name + ' ' + error.code); }
      say(db, 1, { content: JSON.stringify({ text: 'done: ' + done.join() + ';' + fs.readFileSync(agentMd, 'utf8').slice(0, 7) }) })`),
    done: delivered('done: ;You are'),
  },
];

export function hostileAttacks(name: string, make: MakeRuntime, skip: string | false): void {
  describe(`attacks by what comes out: ${name}`, { skip }, () => {
    const built: { runner: Awaited<ReturnType<typeof buildRunner>> | null } = { runner: null };
    before(async () => {
      built.runner = await buildRunner();
    });
    after(() => built.runner?.remove());
    const groups = { FILES, TABLES, REQUESTS, TRICKS, OWN_RULES, JOURNALS, LOCKS, FRAMES };
    for (const [group, attacks] of Object.entries(groups)) {
      // One host for all of a group: it has to live through each of them. What holds a lock is waited out, all at once.
      const concurrency = attacks === LOCKS;
      describe(`by ${group.toLowerCase().replace('_', ' ')}`, { concurrency }, () => {
        const closing: (() => unknown)[] = [];
        const opened = Promise.withResolvers<Street>();
        before(async () => {
          const street = await openStreet(
            { after: (putAway) => void closing.push(putAway) },
            make,
            built.runner?.dir ?? '',
          );
          await street.measureHonest();
          assert.equal(await street.honestTask(), 'pending');
          opened.resolve(street);
        });
        after(async () => {
          for (const putAway of closing.toReversed()) await putAway();
        });
        for (const attack of attacks)
          test(`attack: ${attack.title}`, async () => tryIt(await opened.promise, attack));
      });
    }
  });
}

async function tryIt(street: Street, attack: Attack): Promise<void> {
  const delays: number[] = [];
  const longestMs = LONGEST_RATIO * street.honestMs;
  while (delays.length < ATTEMPTS && !delays.some((ms) => ms < longestMs)) {
    const longest = watchLoop();
    const session = await street.attacker(attack.code);
    await until(attack.title, () => attack.done(street, session)).catch(async (error: Error) => {
      assert.fail(`${error.message}; ${await street.story(session)}`);
    });
    delays.push(longest());
    await street.honestAnswers();
  }
  const told = delays.map(Math.round).join(', ');
  assert.ok(
    delays.some((ms) => ms < longestMs),
    `the host computed for ${told} ms in one go; an honest answer takes ${street.honestMs.toFixed(1)} ms`,
  );
}
