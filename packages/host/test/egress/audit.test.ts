/** The audit under attack: each way to change it afterwards is seen, and what cannot be written does not happen. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import {
  type AuditEntry,
  type AuditRow,
  type Head,
  NO_ROWS,
  rowAfter,
  verify,
} from '../../src/egress/audit/chain.ts';
import { ownerRows } from '../../src/egress/audit/owner-rows.ts';
import { RefusalRows } from '../../src/egress/audit/refusals.ts';
import { AUDIT_FILE, Trail } from '../../src/egress/audit/trail.ts';
import type { HostToEgress } from '../../src/egress/frames.ts';
import { tempFolder } from '../temp-folder.ts';
import { CANARY, keyed, lines, openUpstream, pidOf, post, raw, startEgress } from './world.ts';

const entry = (target: string): AuditEntry => {
  return {
    who: 'owner',
    what: 'host allowed',
    agent: 'bell',
    session: '',
    target,
    decision: 'done',
    detail: '',
  };
};

/** Ten rows. */
function rows(): AuditRow[] {
  const all: AuditRow[] = [];
  let head = NO_ROWS;
  for (let n = 1; n <= 10; n += 1) {
    const row = rowAfter(head, entry(`host-${n}:443`), 1_000 * n);
    all.push(row);
    head = row;
  }
  return all;
}

async function* linesOf(all: readonly unknown[]): AsyncGenerator<string> {
  for (const row of all) yield typeof row === 'string' ? row : JSON.stringify(row);
}

async function faultLine(all: readonly unknown[], noted: Head | null = null): Promise<number | null> {
  return (await verify(linesOf(all), noted)).fault?.line ?? null;
}

test('an audit that nobody touched is whole, and its head is its last row', async () => {
  const all = rows();
  const { head, fault } = await verify(linesOf(all), all[4] ?? null);
  assert.deepEqual([head.n, head.hash, fault], [10, all[9]?.hash, null]);
});

test('attack: any one field of any one row is changed', async () => {
  for (const [index, row] of rows().entries()) {
    for (const [name, value] of Object.entries(row)) {
      const changed = rows().with(index, {
        ...row,
        [name]: typeof value === 'number' ? value + 1 : `${value}0`,
      });
      const line = await faultLine(changed);
      assert.equal(line, index + 1, `${name} of row ${row.n}: ${line}`);
    }
    assert.equal(await faultLine(rows().with(index, { ...row, more: 1 } as AuditRow)), index + 1);
    assert.equal(
      await faultLine([...rows().slice(0, index), 'no row', ...rows().slice(index + 1)]),
      index + 1,
    );
  }
});

test('attack: a row is changed and hashed anew: the one behind it gives it away', async () => {
  const all = rows();
  const before = all[3] as AuditRow;
  const forged = rowAfter(before, entry('evil:443'), Date.parse((all[4] as AuditRow).at));
  assert.equal(await faultLine(all.with(4, forged)), 6);
});

test('attack: the first row, one in the middle, two at once are taken out; two change places; one is put in', async () => {
  const all = rows();
  assert.equal(await faultLine(all.slice(1)), 1);
  assert.equal(await faultLine(all.toSpliced(4, 1)), 5);
  assert.equal(await faultLine(all.toSpliced(4, 2)), 5);
  const [third, fourth] = [all[2], all[3]];
  assert.equal(await faultLine(all.toSpliced(2, 2, fourth as AuditRow, third as AuditRow)), 3);
  assert.equal(await faultLine(all.toSpliced(5, 0, rowAfter(all[4] as AuditRow, entry('evil:443'), 1))), 7);
});

test('attack: the end is cut off, or all of it written anew: a head noted elsewhere sees both', async () => {
  const all = rows();
  assert.equal(await faultLine(all.slice(0, 9)), null);
  assert.equal(await faultLine(all.slice(0, 9), all[9]), 10);
  const anew: AuditRow[] = [];
  for (const row of all) anew.push(rowAfter(anew.at(-1) ?? NO_ROWS, entry(`other-${row.n}:443`), 5));
  assert.equal(await faultLine(anew), null);
  assert.equal(await faultLine(anew, all[6]), 7);
});

test('attack: texts that would be other rows, or fill the disk, stay one short line', () => {
  const row = rowAfter(NO_ROWS, entry(`a\n{"n":2}\u0000\u202e${'x'.repeat(10_000)}`), 0);
  assert.match(row.target, /^a\?\{"n":2\}\?\?x{289}$/);
});

test('a kill in the middle of a line leaves a cut one, which the next start takes away', async (t) => {
  const dir = tempFolder(t);
  const path = join(dir, AUDIT_FILE);
  const first = new Trail(dir, () => 0);
  first.append(entry('a:443'));
  first.close();
  const whole = readFileSync(path, 'utf8');
  for (const cut of ['{', '{"n":2,"at":"1970', JSON.stringify(rowAfter(first.head, entry('b:443'), 0))]) {
    writeFileSync(path, whole + cut);
    const next = new Trail(dir, () => 0);
    assert.deepEqual(next.head, first.head, cut);
    next.append(entry('c:443'));
    next.close();
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    assert.deepEqual([lines.length, await faultLine(lines)], [2, null]);
  }
});

test('attack: a last row that is none: nothing is written behind it', (t) => {
  const dir = tempFolder(t);
  appendFileSync(join(dir, AUDIT_FILE), '{"n":1}\n');
  assert.throws(() => new Trail(dir, () => 0), { code: 'bad_audit' });
});

test('attack: ten thousand refused hosts in a minute: thirty rows, and how many had none is told', () => {
  const written: AuditEntry[] = [];
  const clock = { ms: 0 };
  const refusals = new RefusalRows(
    (row) => void written.push(row),
    () => clock.ms,
  );
  const note = (n: number, session = 's') =>
    refusals.note({ agent: 'bell', session, target: `h${n}.example:443`, decision: 'not_allowed' });
  for (let n = 0; n < 10_000; n += 1) note(n);
  for (let n = 0; n < 10_000; n += 1) note(1);
  note(1, 'another session');
  assert.equal(written.length, 31);
  clock.ms = 60_000;
  note(1);
  assert.equal(written.at(-1)?.detail, 'before it 19970 more, without a row');
  note(1);
  refusals.end('s');
  refusals.end('s');
  assert.deepEqual([written.length, written.at(-1)?.detail], [33, '1 more, without a row']);
});

test('attack: a value of a secret, an address with a password: neither is in a row of the owner', () => {
  const frames = [
    { t: 'keepSecret', n: 1, asks: { name: 'tok', value: CANARY } },
    { t: 'secret', n: 2, asks: { name: 'anthropic', value: CANARY } },
    {
      t: 'test',
      n: 3,
      asks: {
        agent: 'bell',
        endpoint: { provider: 'compatible', model: 'm', baseUrl: `https://user:${CANARY}@host.example/v1` },
      },
    },
  ] as const satisfies readonly HostToEgress[];
  const all = frames.flatMap((frame) => ownerRows(frame));
  assert.deepEqual(
    all.map(({ what, target }) => `${what}: ${target}`),
    ['secret set: tok', 'model key set: anthropic', 'model tested: compatible m at host.example'],
  );
  assert.ok(!JSON.stringify(all).includes(CANARY));
});

test('attack: a secret in query, header and body of a call: the row of it has none of them', async (t) => {
  const { world, path } = await calling(t);
  const secret = 'sk-in-a-query-0123456789';
  await post(path, `/model/v1/messages?key2=${secret}`, `{"model":"m-1","max_tokens":1,"x":"${secret}"}`, {
    'x-secret': secret,
  });
  const text = readFileSync(join(world.dir, 'egress', AUDIT_FILE), 'utf8');
  assert.match(
    text,
    /"what":"request","agent":"bell","session":"s","target":"POST 127\.0\.0\.1:\d+\/v1\/messages"/,
  );
  assert.ok(!text.includes(secret) && !text.includes(CANARY), text);
});

test('attack: an audit that cannot be written any more lets nothing out, and changes nothing', async (t) => {
  const { world, upstream, path } = await calling(t);
  const { port } = new URL(upstream.url);
  await world.egress.allowHost({ agent: 'bell', host: 'localhost', port: Number(port), isPrivate: true });
  // None of its files can grow from here on.
  const { size } = statSync(join(world.dir, 'egress', AUDIT_FILE));
  await promisify(execFile)('prlimit', ['--pid', `${pidOf(world.dir)}`, `--fsize=${size}`]);
  const { status, body } = await post(path, '/model/v1/messages', '{"model":"m-1","max_tokens":1}');
  assert.deepEqual([status, upstream.seen.length], [503, 0]);
  assert.match(body, /not be put on record/);
  const to = `localhost:${port}`;
  assert.match(
    await raw(path, lines(`CONNECT ${to} HTTP/1.1`, `Host: ${to}`)),
    /^HTTP\/1\.1 503 [\s\S]*audit/,
  );
  const rule = { agent: 'bell', host: 'api.example', port: 443, isPrivate: false };
  await assert.rejects(world.egress.allowHost(rule), { code: 'audit_unwritable' });
  assert.equal((await world.egress.hosts()).length, 1);
  await assert.rejects(world.egress.record(entry('x')), { code: 'audit_unwritable' });
});

async function calling(t: TestContext) {
  const [world, upstream] = [await startEgress(t), await openUpstream(t)];
  const path = await world.door('s', await keyed(world, upstream));
  return { world, upstream, path };
}
