/**
 * Attempt, send and receipt, with the real engine; the platform is a file of what was said. With keys it is said once;
 * without them a death between "yes" and receipt says it twice, and the second time says so.
 */
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Channel } from '../../packages/channels/src/index.ts';
import { Engine } from '../../packages/host/src/delivery/engine.ts';
import { addDelivery, openDeliveries } from '../../packages/host/src/store/deliveries.ts';
import type { OutboundId } from '../../packages/mailbox/src/index.ts';
import { CHANNEL, furnish, inStore, SILENT, sessionIn } from './host-operations.ts';
import { NOW_MS, type Operation } from './operation.ts';

interface Said {
  readonly key: string;
  readonly marked: boolean;
}

function saidIn(dir: string): Said[] {
  const path = join(dir, 'said');
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Said]));
}

function fileChannel(dir: string, hasKeys: boolean): Channel {
  return {
    name: CHANNEL,
    capabilities: {
      maxTextLength: 4_000,
      threads: false,
      onUnknown: hasKeys ? 'resend-same-key' : 'resend-marked',
      sendTimeoutMs: 10_000,
    },
    start: async () => undefined,
    stop: async () => undefined,
    typing: () => undefined,
    async send({ key, maybeRepeat }) {
      const isKnown = hasKeys && saidIn(dir).some((said) => said.key === key);
      if (!isKnown) appendFileSync(join(dir, 'said'), `${JSON.stringify({ key, marked: maybeRepeat })}\n`);
      return { platformMessageId: `platform:${key}` };
    },
  };
}

function deliver(hasKeys: boolean): Operation {
  return {
    name: `attempt and receipt, ${hasKeys ? 'with keys' : 'without keys'}`,
    async prepare(dir) {
      await furnish(dir);
      await inStore(dir, async (store) => {
        const session = await sessionIn(store);
        const content = JSON.stringify({ kind: 'text', text: 'an answer', files: [], notice: false });
        await store.transaction((sql) =>
          addDelivery(sql, {
            session: session.id,
            id: 'o1' as OutboundId,
            seq: 3,
            inReplyTo: null,
            channel: CHANNEL,
            chat: 'chat',
            thread: null,
            content,
            state: 'queued',
            reason: null,
            dueMs: 0,
            createdMs: NOW_MS,
          }),
        );
      });
    },
    act: (dir) =>
      inStore(dir, async (store) => {
        const ended = Promise.withResolvers<void>();
        const engine = new Engine({
          store,
          channels: new Map([[CHANNEL, fileChannel(dir, hasKeys)]]),
          isUp: () => true,
          clock: { now: () => NOW_MS, after: () => () => undefined },
          log: SILENT,
          onEnd: () => ended.resolve(),
        });
        if ((await openDeliveries(store.read, CHANNEL)).length === 0) return;
        await engine.start();
        await ended.promise;
        await engine.stop();
      }),
    check: (dir) =>
      inStore(dir, async (store) => {
        const [row] = await store.read.all('SELECT state FROM deliveries');
        const [piece] = await store.read.all('SELECT state, platform_message_id AS id FROM pieces');
        assert.deepEqual(
          [row?.state, piece?.state, piece?.id],
          ['delivered', 'delivered', 'platform:s1:o1:0'],
        );
        const [first, ...more] = saidIn(dir);
        assert.ok(first, 'it was never said');
        assert.ok(more.length <= (hasKeys ? 0 : 1) && more.every(({ marked }) => marked), 'said twice');
      }),
  };
}

export const deliveryOperations: readonly Operation[] = [deliver(true), deliver(false)];
