/**
 * M12: what the loops ask of inbound.db never walks through what is over. The statements are caught where the library
 * prepares them, so none can be forgotten, and SQLite is asked for its plan. What it costs is a matter for bench.
 */
import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { InboundMailbox } from '../src/host/index.ts';
import { folderFor, look, message, mid, sql, T0 } from './support.ts';

/** Every statement on messages_in that `work` prepares. */
function preparedBy(t: TestContext, work: () => void): string[] {
  const prepare = t.mock.method(DatabaseSync.prototype, 'prepare');
  work();
  const statements = prepare.mock.calls.map((call) => String(call.arguments[0]));
  prepare.mock.restore();
  return [...new Set(statements.filter((s) => s.includes('messages_in') && !s.startsWith('INSERT')))];
}

const plan = (path: string, statement: string) =>
  sql(path, `EXPLAIN QUERY PLAN ${statement}`, ...(statement.match(/\?/g) ?? []).map(() => 1)).map((row) =>
    String(row.detail),
  );

/** A scan is of a partial index, which holds nothing that is over, or it is none. */
function assertNoHistory(path: string, statement: string): void {
  const details = plan(path, statement);
  assert.ok(details.length > 0);
  for (const detail of details.filter((d) => d.startsWith('SCAN')))
    assert.match(detail, /USING COVERING INDEX idx_messages_in_due$/, `${statement}\n  ${detail}`);
}

test('M12: no query of the host reads history', (t) => {
  const folder = folderFor(t);
  const mailbox = InboundMailbox.open(folder.inDir);
  t.after(() => mailbox.close());
  const id = mid('a');
  const statements = preparedBy(t, () => {
    mailbox.enqueue([message('a'), message('b')]);
    mailbox.rows([id]);
    mailbox.nextDueMs();
    mailbox.dueRows(T0, 10);
    const change = { id, attempt: 1 };
    mailbox.settle({
      changes: [
        { kind: 'charged', ...change, generation: 1, dueMs: 0 },
        { kind: 'released', ...change, attempt: 2, dueMs: 0 },
        { kind: 'completed', ...change, attempt: 3 },
        { kind: 'failed', ...change, reason: 'x' },
        { kind: 'failed', ...change, reason: 'x', generation: 1 },
      ],
      next: new Map([[id, message('a2')]]),
      series: [{ kind: 'cancel', id: 'a' }],
    });
  });
  assert.ok(statements.length >= 10, `${statements.length} statements`);
  for (const statement of statements) assertNoHistory(folder.inbound, statement);
});

test('M12: no query of the runner reads history', (t) => {
  const folder = folderFor(t);
  const mailbox = InboundMailbox.open(folder.inDir);
  t.after(() => mailbox.close());
  mailbox.enqueue([message('a'), message('c', { trigger: false })]);
  const statements = preparedBy(t, () =>
    look(folder, (reader) => {
      assert.equal([...reader.due(T0)].length, 1);
      assert.equal([...reader.context(99)].length, 1);
      reader.isPending(mid('a'));
      reader.rowOfSeq(2);
      reader.nextDueMs(T0);
      reader.greatestSeq();
    }),
  );
  assert.ok(statements.length >= 7, `${statements.length} statements`);
  for (const statement of statements) assertNoHistory(folder.inbound, statement);
});

test('M12: waiting messages and context are found by the partial indexes', (t) => {
  const folder = folderFor(t);
  InboundMailbox.open(folder.inDir).close();
  const due =
    "SELECT id FROM messages_in WHERE status = 'pending' AND trigger = 1 AND due_ms <= ? ORDER BY due_ms";
  const context =
    "SELECT id FROM messages_in WHERE status = 'pending' AND trigger = 0 AND seq < ? ORDER BY seq DESC";
  assert.match(plan(folder.inbound, due)[0] ?? '', /^SEARCH .* idx_messages_in_due \(due_ms<\?\)$/);
  assert.match(plan(folder.inbound, context)[0] ?? '', /^SEARCH .* idx_messages_in_context \(seq<\?\)$/);
});

test('M12: the plans hold when statistics were made, and for a statement that does scan this test fails', (t) => {
  const folder = folderFor(t);
  const mailbox = InboundMailbox.open(folder.inDir);
  mailbox.enqueue(Array.from({ length: 500 }, (_, n) => message(`m${n}`)));
  mailbox.settle({
    changes: Array.from({ length: 490 }, (_, n) => ({ kind: 'completed', id: mid(`m${n}`), attempt: 1 })),
  });
  mailbox.close();
  sql(folder.inbound, 'ANALYZE');
  const statements = preparedBy(t, () =>
    look(folder, (reader) => assert.equal([...reader.due(T0)].length, 10)),
  );
  for (const statement of statements) assertNoHistory(folder.inbound, statement);
  const scan =
    "SELECT * FROM messages_in WHERE status = 'pending' AND trigger = 1 AND due_ms <= ? ORDER BY +seq || ''";
  assert.throws(
    () => assertNoHistory(folder.inbound, scan.replace("status = 'pending' AND ", '')),
    assert.AssertionError,
  );
});
