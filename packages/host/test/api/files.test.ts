/** Files out of a conversation: the right bytes, by entry and place, and harmless to whoever opens them. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { dispositionName, pictureType } from '../../src/api/routes/files.ts';
import { sessionById } from '../../src/store/sessions.ts';
import type { SessionId } from '../../src/types.ts';
import { type ApiWorld, openApiWorld } from './world.ts';

const PNG = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(20)]);
const SVG = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');

async function sendFiles(world: ApiWorld, files: readonly (readonly [string, string])[]): Promise<SessionId> {
  const ids: string[] = [];
  for (const [name, bytes] of files) {
    const up = await world.own(`/v1/files?name=${encodeURIComponent(name)}`, { method: 'POST', body: bytes });
    ids.push((up.json as { file: string }).file);
  }
  const sent = await world.post('/v1/messages', { id: 'm1', text: 'look', files: ids });
  return (sent.json as { session: SessionId }).session;
}

async function agentSends(world: ApiWorld, name: string, bytes: Buffer, path = join(world.dir, 'sent')) {
  writeFileSync(path, bytes);
  const content = {
    kind: 'text',
    text: '',
    files: [{ name, path, size: bytes.length }],
    notice: false,
  } as const;
  await world.web.log.append({ chat: 'local:bell', thread: 'main', id: name, replyTo: null, content });
}

describe('a file that a person sent', () => {
  test('is shown at once, before and after it lies in the session', async (t) => {
    const world = await openApiWorld(t);
    const session = await sendFiles(world, [
      ['same.txt', 'first'],
      ['same.txt', 'second'],
    ]);
    const looks = async () => [
      (await world.own('/v1/entry-file?entry=1&index=0')).text,
      (await world.own('/v1/entry-file?entry=1&index=1')).text,
    ];
    assert.deepEqual(await looks(), ['first', 'second']);
    const found = await sessionById(world.store.read, session);
    assert.ok(found);
    await world.enqueuer.enqueue(found, () => undefined);
    assert.deepEqual(await looks(), ['first', 'second']);
  });
});

describe('a file that an agent sent', () => {
  test('is shown when it begins like a picture, and saved when it is asked for', async (t) => {
    const world = await openApiWorld(t);
    await agentSends(world, 'view.png', PNG);
    const shown = await world.own('/v1/entry-file?entry=1');
    assert.equal(shown.status, 200);
    assert.equal(shown.headers['content-type'], 'image/png');
    assert.match(String(shown.headers['content-disposition']), /^inline; /);
    const saved = await world.own('/v1/entry-file?entry=1&download=1');
    assert.match(String(saved.headers['content-disposition']), /^attachment; /);
    assert.equal(saved.headers['content-type'], 'application/octet-stream');
  });

  test('ATTACK: a page, a script or an SVG under the name of a picture is never shown as what it is', async (t) => {
    const world = await openApiWorld(t);
    const attacks = [
      ['a.png', SVG],
      ['b.html', '<script>alert(1)</script>'],
      ['c.svg', SVG],
      ['d.js', 'x'],
      ['e', ''],
    ];
    for (const [index, [name, bytes]] of attacks.entries()) {
      await agentSends(world, String(name), Buffer.from(bytes ?? ''), join(world.dir, `sent-${index}`));
      const got = await world.own(`/v1/entry-file?entry=${index + 1}`);
      assert.equal(got.headers['content-type'], 'application/octet-stream');
      assert.match(String(got.headers['content-disposition']), /^attachment; /);
      assert.equal(got.headers['x-content-type-options'], 'nosniff');
      assert.match(
        String(got.headers['content-security-policy']),
        /^sandbox; default-src 'none'; frame-ancestors/,
      );
    }
  });

  test('ATTACK: a path instead of a number, or a number that is none, reaches nothing', async (t) => {
    const world = await openApiWorld(t);
    await agentSends(world, 'a', PNG);
    for (const query of [
      'entry=../../bellhop.db',
      'entry=1&index=-1',
      'entry=1&index=1',
      'entry=2',
      'entry=0',
      'entry=1e3',
      'entry=1&index=99999999999999999999',
      'entry=1&agent=../x',
      'entry=1&thread=..%2f..',
      'entry=1&agent=nobody',
      '',
    ]) {
      const got = await world.own(`/v1/entry-file?${query}`);
      assert.ok(got.status === 404 || got.status === 400, `${query}: ${got.status}`);
      assert.ok(got.error.hint.length > 0);
    }
  });

  test('ATTACK: a copy that was swapped for a link or a folder is not followed', async (t) => {
    const world = await openApiWorld(t);
    const path = join(world.dir, 'swapped');
    await agentSends(world, 'a', PNG, path);
    rmSync(path);
    symlinkSync(join(world.dir, 'bellhop.db'), path);
    assert.equal((await world.own('/v1/entry-file?entry=1')).status, 404);
    rmSync(path);
    mkdirSync(path);
    assert.equal((await world.own('/v1/entry-file?entry=1')).status, 404);
  });
});

test('ATTACK: no name of a file ends its header or begins another', () => {
  const attacks = [
    'a"; filename="b',
    'a\r\nset-cookie: x=1',
    'ü.txt',
    '\ud800.txt',
    "a'b(c)*.txt",
    'a%0d%0a',
    '🛎',
  ];
  for (const name of attacks) {
    const header = dispositionName(name);
    assert.match(header, /^filename="[\x20-\x7e]*"; filename\*=UTF-8''[\w.%~!-]*$/, name);
    assert.equal(header.split('"').length, 3, name);
  }
  assert.match(dispositionName('ü.txt'), /filename="_.txt"; filename\*=UTF-8''%C3%BC.txt/);
});

test('a picture is known by its first bytes alone', () => {
  const of = (text: string) => pictureType(Buffer.from(text.padEnd(12, '\0'), 'latin1'));
  assert.equal(of('\x89PNG\r\n\x1a\n'), 'image/png');
  assert.equal(of('\xff\xd8\xff\xe0'), 'image/jpeg');
  assert.equal(of('GIF89a'), 'image/gif');
  assert.equal(of('RIFF\0\0\0\0WEBP'), 'image/webp');
  for (const other of ['<svg', 'RIFF\0\0\0\0WAVE', '%PDF-1.7', 'GIF', '']) assert.equal(of(other), null);
});
