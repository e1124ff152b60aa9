/** An engine over a real store, a fake channel and a fake clock; several engines may follow one another, as hosts do. */
import type { TestContext } from 'node:test';
import type { Channel, ChannelCapabilities, OutgoingContent } from '@bellhop/channels';
import type { OutboundId } from '@bellhop/mailbox';
import { Engine } from '../../src/delivery/engine.ts';
import type { DeliveryEnd } from '../../src/delivery/port.ts';
import { addDelivery, type Delivery } from '../../src/store/deliveries.ts';
import type { Store } from '../../src/store/port.ts';
import type { Session } from '../../src/types.ts';
import { FakeChannel } from '../fake-channel.ts';
import { openStoreWorld, type StoreWorld } from '../store-world.ts';

export interface DeliveryWorld extends StoreWorld {
  readonly channel: FakeChannel;
  readonly engine: Engine;
  readonly ends: DeliveryEnd[];
  readonly home: Session;
  /** Another host on the same store. */
  engineOn(store: Store, channels?: readonly Channel[], isUp?: (channel: string) => boolean): Engine;
  /** Recorded and not yet sent. */
  record(id: string, content: OutgoingContent | string, change?: Partial<Delivery>): Promise<Delivery>;
  stateOf(id: string): Promise<string>;
}

export async function openDeliveryWorld(
  t: TestContext,
  capabilities: Partial<ChannelCapabilities> = {},
): Promise<DeliveryWorld> {
  const world = await openStoreWorld(t);
  const channel = new FakeChannel(capabilities);
  const home = await world.session();
  const ends: DeliveryEnd[] = [];
  const { clock, log, store } = world;
  const counter = { seq: 0 };
  const engineOn: DeliveryWorld['engineOn'] = (on, channels = [channel], isUp = () => true) =>
    new Engine({
      store: on,
      channels: new Map(channels.map((one) => [one.name, one])),
      isUp,
      clock,
      log,
      onEnd: (end) => ends.push(end),
    });
  return {
    ...world,
    channel,
    engine: engineOn(store),
    ends,
    home,
    engineOn,
    async record(id, content, change = {}) {
      counter.seq += 1;
      const body = typeof content === 'string' ? text(content) : content;
      const delivery: Delivery = {
        session: home.id,
        id: id as OutboundId,
        seq: counter.seq,
        inReplyTo: null,
        channel: channel.name,
        chat: 'chat',
        thread: null,
        content: JSON.stringify(body),
        state: 'queued',
        reason: null,
        dueMs: 0,
        createdMs: clock.now(),
        ...change,
      };
      await store.transaction((sql) => addDelivery(sql, delivery));
      return delivery;
    },
    async stateOf(id) {
      const [row] = await world.rows('SELECT state FROM deliveries WHERE out_id = ?', id);
      return String(row?.state);
    },
  };
}

export function text(words: string): OutgoingContent {
  return { kind: 'text', text: words, files: [], notice: false };
}
