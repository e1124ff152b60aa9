/** At each call of a platform: the attempt is on disk, the lane is free, and the order is that of the rows. */
import type { OutgoingMessage } from '@bellhop/channels';
import type { PlatformName } from '../town/story.ts';
import type { Row, StoreReader } from './store-reader.ts';
import { Violation } from './violation.ts';

export class SendWatch {
  readonly #store: StoreReader;
  readonly #sends = new Map<string, number>();
  /** By lane and session: the greatest number that was sent. */
  readonly #last = new Map<string, number>();
  count = 0;

  constructor(store: StoreReader) {
    this.#store = store;
  }

  called(platform: PlatformName, { key, chat, thread }: OutgoingMessage): void {
    this.count += 1;
    const [, session = '', row = '', piece = ''] = /^([^:]+):(.+):(\d+)$/.exec(key) ?? [];
    const sends = (this.#sends.get(key) ?? 0) + 1;
    this.#sends.set(key, sends);
    const recorded = this.#recorded(session, row, Number(piece));
    if (recorded?.state !== 'attempting' || Number(recorded.attempts) < sends)
      throw new Violation(
        'a send without a recorded attempt',
        `${key}, send ${sends}: ${JSON.stringify(recorded)}`,
      );
    if (sends > 1 || row.startsWith('notice:')) return;
    const lane = JSON.stringify([platform, chat, thread, session]);
    const seq = Number(recorded.seq);
    const last = this.#last.get(lane) ?? 0;
    if (seq < last) throw new Violation('out of order', `${key}: number ${seq} after ${last} in ${lane}`);
    this.#last.set(lane, seq);
  }

  #recorded(session: string, row: string, piece: number): Row | undefined {
    return this.#store.rows(
      `SELECT p.state, p.attempts, d.seq FROM pieces p JOIN deliveries d USING (session_id, out_id)
       WHERE p.session_id = ? AND p.out_id = ? AND p.piece = ?`,
      session,
      row,
      piece,
    )[0];
  }
}
