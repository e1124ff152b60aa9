/** Files on their way in: the limit, what a name may do, and that the bytes arrive in the sandbox as they were sent. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { until } from '../../packages/host/test/until.ts';
import { type House, sharedHouse } from './house/house.ts';
import { bwrapMissing } from './house/machine.ts';

const MIB = 1024 * 1024;

/** What stands in the session's mailbox for its sandbox to read: one list of names per message. */
function received(house: House, session: string): string[][] {
  const root = join(house.data, 'sessions/bell', session, 'in/files');
  return readdirSync(root).map((folder) => {
    const entries = readdirSync(join(root, folder), { withFileTypes: true });
    assert.ok(entries.every((entry) => entry.isFile()));
    return entries.map(({ name }) => name);
  });
}

describe('a file that is sent along', { skip: bwrapMissing }, () => {
  const house = sharedHouse();

  function spooled(): string[] {
    const spool = join(house.data, 'spool');
    return existsSync(spool) ? readdirSync(spool, { recursive: true }).map(String) : [];
  }

  test('of 25 MB arrives in the sandbox byte by byte', async () => {
    const bytes = randomBytes(25 * MIB);
    const path = house.path('limit.bin');
    writeFileSync(path, bytes);
    const asked = await house.ask('run sha256sum /workspace/in/files/*/limit.bin', 'big', '--file', path);
    assert.equal(asked.code, 0);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    assert.ok(asked.reply.includes(`\n${sha256}  /workspace/in/files/`), asked.reply);
    await until('the spool is empty', () => spooled().every((name) => !name.endsWith('limit.bin')));
  });

  test('of one byte more is refused with what to do, and nothing of it is kept', async () => {
    const path = house.path('over.bin');
    writeFileSync(path, Buffer.alloc(25 * MIB + 1));
    const asked = await house.ask('read', 'over', '--file', path);
    assert.equal(asked.code, 1);
    assert.match(asked.stderr, /bigger than 25 MB.*\n.*maxFileBytes/);
    assert.deepEqual(house.records.conversation('over'), []);
    assert.ok(!spooled().some((name) => name.includes('over.bin')));
  });

  test('of 26 MB is refused by the host with 413, whoever sends it', async () => {
    const { status, body } = await house.api.upload('26.bin', Buffer.alloc(26 * MIB));
    assert.deepEqual([status, body.error.code], [413, 'file_too_big']);
    assert.match(body.error.hint, /maxFileBytes/);
  });

  test('that is not there, or is a folder, is a usage error and sends nothing', async () => {
    for (const path of [house.path('no-such-file'), house.root]) {
      const asked = await house.ask('read', 'absent', '--file', path);
      assert.equal(asked.code, 2);
      assert.match(asked.stderr, /Nothing was sent/);
    }
    assert.deepEqual(house.records.conversation('absent'), []);
  });

  for (const [attack, name] of [
    ['climbs out of its folder', '../../../../escaped'],
    ['is the parent folder', '..'],
    ['is the parent folder behind a space', ' ..'],
    ['is a path', 'a/b/c'],
    ['is an absolute path', '/tmp/escaped'],
    ['holds a NUL', 'nul\u0000.txt'],
    ['holds a line end and an escape', 'line\n\u001b[2Jend.txt'],
    ['is hidden', '.bashrc'],
    ['is 300 characters long', `${'n'.repeat(296)}.txt`],
    ['is 300 characters of four bytes', '🛎'.repeat(300)],
    ['is empty', ''],
    ['is that of a half-copied file', 'note.partial'],
  ] as const) {
    test(`whose name ${attack} becomes one plain file, and its bytes arrive`, async () => {
      const id = `name-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
      const before = readdirSync(house.root).sort();
      const uploaded = await house.api.upload(name, Buffer.from(`bytes of ${id}`));
      assert.equal(uploaded.status, 201);
      const sent = await house.api.send({ id, text: 'read', thread: id, files: [uploaded.body.file] });
      assert.equal(sent.status, 202);
      await until('it is answered', async () => (await house.api.message(id)).body.settled);
      const answer = house.records.conversation(id).at(-1);
      assert.ok(answer?.kind === 'text' && answer.text.includes(`bytes of ${id}`));
      const [[stored = '', ...others] = [], ...folders] = received(house, sent.body.session);
      assert.deepEqual([others, folders], [[], []]);
      assert.match(stored, /^[^./\\\p{Cc}][^/\\\p{Cc}]*$/u);
      assert.ok(Buffer.byteLength(stored) <= 200);
      assert.deepEqual(readdirSync(house.root).sort(), before);
      assert.equal(existsSync('/tmp/escaped'), false);
    });
  }

  test('named by the path of a file of the host instead of an upload is refused', async () => {
    for (const file of ['../../bellhop.db', '/etc/passwd', '..', '']) {
      const { status, body } = await house.api.send({
        id: 'steal',
        text: 'read',
        thread: 'steal',
        files: [file],
      });
      assert.equal(status, 400);
      assert.ok(body.error.hint.length > 0);
    }
    assert.deepEqual(house.records.conversation('steal'), []);
  });
});
