/** What the owner changes by the API is in the audit first, or in the table of those that need no row. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AUDITED, audited, NOT_AUDITED } from '../../src/api/audited.ts';
import type { ApiRequest, Route } from '../../src/api/routing.ts';
import { EgressError } from '../../src/egress/port.ts';
import { OPERATIONS } from '../openapi/operations.ts';

test('each route that changes something has chosen', () => {
  const chosen = new Set([...Object.keys(AUDITED), ...NOT_AUDITED]);
  const changing = Object.keys(OPERATIONS).filter((one) => !one.startsWith('GET '));
  assert.ok(changing.length > 15);
  assert.deepEqual(
    changing.filter((one) => !chosen.has(one)),
    [],
  );
});

test('attack: a crash, or a full disk, between row and effect: the row comes first, and without it nothing is done', async () => {
  const done: string[] = [];
  const route: Route = {
    method: 'POST',
    path: '/v1/dead-letters/:message/retry',
    handle: async (_, id) => {
      done.push(`retried ${id}`);
      return { status: 202, json: {} };
    },
  };
  const request = {} as ApiRequest;
  const [recorded] = audited([route], {
    record: async ({ who, what, target }) => void done.push(`${who}: ${what} ${target}`),
  });
  await recorded?.handle(request, 'm1');
  assert.deepEqual(done, ['owner: message tried again m1', 'retried m1']);
  const [refused] = audited([route], {
    record: async () => {
      throw new EgressError('audit_unwritable', 'no space', 'Make room.');
    },
  });
  await assert.rejects(async () => refused?.handle(request, 'm1'), { code: 'audit_unwritable' });
  assert.equal(done.length, 2);
});
