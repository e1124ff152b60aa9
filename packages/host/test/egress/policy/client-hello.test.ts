/** The name in a hello: of a real client, cut anywhere, and of one that lies about every length. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type ConnectionOptions, connect } from 'node:tls';
import fc from 'fast-check';
import { readHello } from '../../../src/egress/policy/client-hello.ts';

/** What Node's own client says first. */
async function helloOf(t: TestContext, options: ConnectionOptions): Promise<Buffer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const client = connect({ ...options, host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  client.on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [Socket];
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  return bytes;
}

/** The same hello in records of at most `size` bytes. */
function inRecords(hello: Buffer, size: number): Buffer {
  const records: Buffer[] = [];
  for (let at = 5; at < hello.length; at += size) {
    const part = hello.subarray(at, at + size);
    records.push(Buffer.concat([Buffer.from([0x16, 3, 1, part.length >> 8, part.length & 255]), part]));
  }
  return Buffer.concat(records);
}

test('a hello says its name, in one record or in many, and not before it is whole', async (t) => {
  const hello = await helloOf(t, { servername: 'a.example' });
  const named = { kind: 'name', name: 'a.example' };
  assert.deepEqual(readHello(hello), named);
  assert.deepEqual(readHello(Buffer.concat([hello, Buffer.from('more')])), named);
  for (const size of [1, 3, 100]) assert.deepEqual(readHello(inRecords(hello, size)), named, `${size}`);
  for (let length = 0; length < hello.length; length += 1)
    assert.deepEqual(readHello(hello.subarray(0, length)), { kind: 'more' }, `${length}`);
});

test('attack: a hello without a name, and what is no hello, say none', async (t) => {
  assert.deepEqual(readHello(await helloOf(t, {})), { kind: 'bad' });
  for (const text of [
    'GET / HTTP/1.1\r\n',
    'SSH-2.0-x\r\n',
    '\u0016\u0002\u0000',
    '\u0016\u0003\u0001\u0000\u0000',
  ])
    assert.deepEqual(readHello(Buffer.from(text, 'latin1')), { kind: 'bad' }, text);
  const endless = Buffer.alloc(20_000, 0);
  endless.set([0x16, 3, 1, 0xff, 0xff]);
  assert.deepEqual(readHello(endless), { kind: 'bad' });
});

test('attack: a second name, or one with a tail, says none', async (t) => {
  const hello = await helloOf(t, { servername: 'a.example' });
  const at = hello.indexOf('a.example');
  // The list of names is one byte shorter than it says: a name of no kind would follow.
  const longer = Buffer.from(hello);
  longer.writeUInt16BE(longer.readUInt16BE(at - 5) - 1, at - 5);
  assert.deepEqual(readHello(longer), { kind: 'bad' });
  const short = Buffer.from(hello);
  short.writeUInt16BE(4, at - 2);
  assert.deepEqual(readHello(short), { kind: 'bad' });
});

test('attack: whatever bytes are changed, it is read to an end, and a name is never longer than the hello', async (t) => {
  const hello = await helloOf(t, { servername: 'a.example' });
  const change = fc.record({ at: fc.nat(hello.length - 1), byte: fc.nat(255) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const bytes = Buffer.from(hello);
      for (const { at, byte } of changes) bytes[at] = byte;
      const read = readHello(bytes);
      return read.kind !== 'name' || hello.length > read.name.length;
    }),
    { numRuns: 2_000 },
  );
});
