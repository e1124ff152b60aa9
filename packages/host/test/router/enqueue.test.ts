/**
 * From accepted to enqueued, with real mailboxes and files: done twice it is done once, and one session's trouble stays
 * its own. Not here: who is woken for it (supervisor).
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { IncomingFile } from '@bellhop/channels';
import type { MessageId } from '@bellhop/mailbox';
import { InboundReader } from '@bellhop/mailbox/runner';
import { createEnqueuer } from '../../src/sessions/enqueue.ts';
import { createMailboxes } from '../../src/sessions/mailboxes.ts';
import { hashName } from '../../src/sessions/names.ts';
import { acceptAgain, endTarget } from '../../src/store/events.ts';
import type { Store } from '../../src/store/port.ts';
import { sessionById } from '../../src/store/sessions.ts';
import type { Session, SessionId } from '../../src/types.ts';
import { message, openRouterWorld } from './events.ts';

const limits = { maxFileBytes: 1_000_000, maxValueBytes: 100_000, maxRows: 100 };

async function openEnqueue(t: TestContext) {
  const world = await openRouterWorld(t);
  const folders = { dataDir: world.dir, user: null };
  const mailboxes = createMailboxes(folders, limits);
  const enqueuerOn = (store: Store) => createEnqueuer({ store, mailboxes, folders });
  const sessionOf = async (id: SessionId | undefined): Promise<Session> => {
    const session = await sessionById(world.store.read, id ?? ('' as SessionId));
    assert.ok(session);
    return session;
  };
  const inbox = (session: Session) => {
    const reader = InboundReader.open(mailboxes.paths(session).inDir);
    try {
      return [...reader.due(Number.MAX_SAFE_INTEGER)];
    } finally {
      reader.close();
    }
  };
  const spooled = (name: string, bytes: string | null, change: Partial<IncomingFile> = {}): IncomingFile => {
    const path = join(world.dir, `spool-${hashName(name + bytes)}`);
    if (bytes !== null) writeFileSync(path, bytes);
    return { name, mimeType: 'text/plain', size: bytes?.length ?? 0, path, ...change };
  };
  return { ...world, mailboxes, enqueuerOn, enqueuer: enqueuerOn(world.store), sessionOf, inbox, spooled };
}

interface Attachment {
  readonly name: string;
  readonly localPath?: string;
  readonly problem?: string;
}

function attachmentsOf(content: string | undefined): Attachment[] {
  return JSON.parse(content ?? '{}').attachments;
}

describe('enqueue', () => {
  test('R4: everything accepted is in the mailbox in order, and the targets say so', async (t) => {
    const world = await openEnqueue(t);
    for (const id of ['b', 'a', 'c']) await world.router.accept('fake', message(id));
    const session = await world.sessionOf(world.nudged[0]);
    const added: number[] = [];
    await world.enqueuer.enqueue(session, (n) => added.push(n));
    assert.deepEqual(added, [3]);
    assert.deepEqual(
      world.inbox(session).map((row) => [row.id, row.seq]),
      [
        ['b', 2],
        ['a', 4],
        ['c', 6],
      ],
    );
    assert.deepEqual(
      (await world.rows('SELECT DISTINCT state, row_json FROM targets')).map((r) => ({ ...r })),
      [{ state: 'enqueued', row_json: null }],
    );
  });

  test('R3: a crash after the commit of the mailbox: doing it again changes nothing', async (t) => {
    const world = await openEnqueue(t);
    await world.router.accept('fake', message('m1', { files: [world.spooled('a.txt', 'bytes')] }));
    const session = await world.sessionOf(world.nudged[0]);
    const dying: Store = { ...world.store, transaction: () => Promise.reject(new Error('killed')) };
    await assert.rejects(
      world.enqueuerOn(dying).enqueue(session, () => undefined),
      /killed/,
    );
    const before = world.inbox(session);
    const added: number[] = [];
    await world.enqueuer.enqueue(session, (n) => added.push(n));
    assert.deepEqual(added, [0]);
    assert.deepEqual(world.inbox(session), before);
  });

  test('a message in a mailbox that its store did not note, and that failed there since, is brought back', async (t) => {
    const world = await openEnqueue(t);
    await world.router.accept('fake', message('m1'));
    const session = await world.sessionOf(world.nudged[0]);
    const dying: Store = { ...world.store, transaction: () => Promise.reject(new Error('killed')) };
    await assert.rejects(
      world.enqueuerOn(dying).enqueue(session, () => undefined),
      /killed/,
    );
    const id = 'm1' as MessageId;
    await world.mailboxes.inbound(session, (mailbox) =>
      mailbox.settle({
        changes: [{ kind: 'failed', id, attempt: 1, reason: 'its session was out of service' }],
      }),
    );
    await world.store.transaction((sql) => endTarget(sql, session.id, id, 'failed', 'the same', 1));
    assert.equal(await world.store.transaction((sql) => acceptAgain(sql, session.id, id)), true);
    assert.deepEqual(await world.enqueuer.enqueue(session, () => undefined), []);
    assert.deepEqual(
      world.inbox(session).map((row) => [row.id, row.attempt]),
      [['m1', 2]],
    );
  });

  test("R2: one target's broken folder does not touch the other target", async (t) => {
    const world = await openEnqueue(t);
    const second = await world.addAgent('second');
    await world.wire('chat', second.id);
    await world.router.accept('fake', message('m1'));
    const [broken, healthy] = [
      await world.sessionOf(world.nudged[0]),
      await world.sessionOf(world.nudged[1]),
    ];
    mkdirSync(join(world.dir, 'sessions'), { recursive: true });
    writeFileSync(join(world.dir, 'sessions', broken.agentId), 'a file where the folder should be');
    await assert.rejects(world.enqueuer.enqueue(broken, () => undefined));
    await world.enqueuer.enqueue(healthy, () => undefined);
    assert.equal(world.inbox(healthy).length, 1);
    // And the broken one is only late.
    rmSync(join(world.dir, 'sessions', broken.agentId));
    await world.enqueuer.enqueue(broken, () => undefined);
    assert.equal(world.inbox(broken).length, 1);
  });
});

describe('attachments', () => {
  test('R11: a message id full of separators gets its files under a hash of it', async (t) => {
    const world = await openEnqueue(t);
    const id = 'spaces/AAA/../../messages/1';
    const file = world.spooled('../a.txt', 'bytes');
    await world.router.accept('fake', message(id, { files: [file] }));
    const session = await world.sessionOf(world.nudged[0]);
    await world.enqueuer.enqueue(session, () => undefined);
    const [row] = world.inbox(session);
    const [attachment] = attachmentsOf(row?.content);
    assert.equal(attachment?.localPath, `files/${hashName(id)}/__a.txt`);
    assert.equal(
      readFileSync(join(world.mailboxes.paths(session).inDir, attachment?.localPath ?? ''), 'utf8'),
      'bytes',
    );
    assert.ok(!existsSync(file.path ?? ''), 'the spooled copy is gone');
    assert.ok(!row?.content.includes('bytes'), 'the row holds a path, never the bytes');
  });

  test('R12: of a file that is gone, or could not be fetched, the agent reads why', async (t) => {
    const world = await openEnqueue(t);
    const files = [
      world.spooled('gone.txt', null),
      world.spooled('never.txt', null, {
        path: null,
        problem: 'it is larger than the platform lets us load',
      }),
      world.spooled('silent.txt', null, { path: null }),
      world.spooled('there.txt', 'bytes'),
    ];
    await world.router.accept('fake', message('m1', { files }));
    const session = await world.sessionOf(world.nudged[0]);
    await world.enqueuer.enqueue(session, () => undefined);
    const attachments = attachmentsOf(world.inbox(session)[0]?.content);
    assert.deepEqual(
      attachments.map(({ name, problem }) => [name, problem]),
      [
        ['gone.txt', 'its bytes are gone'],
        ['never.txt', 'it is larger than the platform lets us load'],
        ['silent.txt', 'it could not be fetched'],
        ['there.txt', undefined],
      ],
    );
    assert.ok(attachments.slice(0, 3).every((one) => one.localPath === undefined));
  });

  test('R11: files of the same name, or of names that look like ours, each keep their bytes', async (t) => {
    const world = await openEnqueue(t);
    const names = ['2-a.txt', 'a.txt', 'a.txt', '3-a.txt', 'b/c', 'b\\c'];
    const files = names.map((name, n) => world.spooled(name, `bytes ${n}`));
    await world.router.accept('fake', message('m1', { files }));
    const session = await world.sessionOf(world.nudged[0]);
    await world.enqueuer.enqueue(session, () => undefined);
    const { inDir } = world.mailboxes.paths(session);
    const found = attachmentsOf(world.inbox(session)[0]?.content);
    assert.deepEqual(
      found.map(({ localPath }) => readFileSync(join(inDir, localPath ?? ''), 'utf8')),
      names.map((_name, n) => `bytes ${n}`),
    );
  });

  test('path traversal: a file name cannot reach outside of its message', async (t) => {
    const world = await openEnqueue(t);
    const names = ['..', ' ..', '/etc/passwd', '../../../inbound.db'];
    await world.router.accept(
      'fake',
      message('m1', { files: names.map((name) => world.spooled(name, name)) }),
    );
    const session = await world.sessionOf(world.nudged[0]);
    await world.enqueuer.enqueue(session, () => undefined);
    const { inDir } = world.mailboxes.paths(session);
    for (const [n, { localPath }] of attachmentsOf(world.inbox(session)[0]?.content).entries()) {
      assert.match(localPath ?? '', new RegExp(`^files/${hashName('m1')}/[^/]+$`));
      assert.ok(statSync(join(inDir, localPath ?? '')).isFile());
      assert.equal(readFileSync(join(inDir, localPath ?? ''), 'utf8'), names[n]);
    }
  });
});
