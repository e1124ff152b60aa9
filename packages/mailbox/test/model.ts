/**
 * What must be true of one session, told in words and without SQL: which messages there are, how each must end, how often
 * it was tried, which rows were written. It learns from what was done, and reads the files only to compare; the one thing
 * it takes from them is which rows were still waiting when a series was cancelled.
 */
import assert from 'node:assert/strict';
import { sql } from './support.ts';
import { BATCH, RETRY, type Turn, type World } from './world.ts';

type End = 'completed' | 'failed' | 'cancelled';

interface Expected {
  readonly wakes: boolean;
  /** Generations that ended on it. */
  readonly charges: Set<number>;
  /** The generation that no longer takes it, as it is for a fresh one; null for all others. */
  readonly notFor: number | null;
  releases: number;
  /** The turn that works on it; a task that is paused is taken back from it. */
  holder: string | null;
  /** Answers of turns that it had been taken back from. */
  vainAnswers: number;
  end: End | null;
}

type Series = 'goes on' | 'paused' | 'cancelled';

export class Model {
  readonly messages = new Map<string, Expected>();
  /** Every row that was ever written, by id. */
  readonly rows = new Set<string>();
  readonly series = new Map<string, Series>();
  readonly counts = {
    turns: 0,
    retries: 0,
    repeats: 0,
    charges: 0,
    deadLetters: 0,
    crashes: 0,
    fresh: 0,
    vain: 0,
  };
  readonly #turns = new Map<string, readonly string[]>();
  /** The last turn that took a message. Different tries give different delays, so a turn may come apart. */
  readonly #turnOf = new Map<string, string>();
  readonly #lastStatus = new Map<string, unknown>();

  expect(id: string): Expected {
    const message = this.messages.get(id);
    assert.ok(message, `${id} was never enqueued`);
    return message;
  }

  enqueued(id: string, wakes: boolean, notFor: number | null = null): void {
    if (this.messages.has(id)) return;
    const fresh = { charges: new Set<number>(), releases: 0, holder: null, vainAnswers: 0, end: null };
    this.messages.set(id, { wakes, notFor, ...fresh });
  }

  took({ id, batch, generation }: Turn): void {
    const ids = batch.messages.map((m) => m.id);
    assert.ok(ids.length <= BATCH.batchSize);
    for (const taken of [...batch.messages, ...batch.context, ...batch.skipped]) {
      assert.equal(this.expect(taken.id).wakes, batch.messages.includes(taken), 'context never wakes');
      assert.equal(this.expect(taken.id).end ?? 'cancelled', 'cancelled', `${taken.id} is over`);
    }
    for (const taken of ids) {
      const message = this.expect(taken);
      const isNew = message.charges.size + message.releases === 0;
      assert.ok(generation !== message.notFor || !isNew, `${taken} is for a fresh runner`);
      if (message.notFor !== null) this.counts.fresh += 1;
      message.holder = id;
    }
    const numbers = batch.messages.map((m) => m.seq);
    assert.deepEqual(
      numbers,
      [...numbers].sort((a, b) => a - b),
      'oldest first',
    );
    const before = this.#turns.get(id);
    const open = before?.filter((m) => this.expect(m).end === null && this.#turnOf.get(m) === id);
    const again = ids.filter((m) => this.#turnOf.get(m) === id);
    if (open) assert.deepEqual(again, open, 'a retry takes all that is still of its turn');
    this.#turns.set(id, ids);
    for (const taken of ids) this.#turnOf.set(taken, id);
    this.counts.turns += 1;
    if (before) this.counts.retries += 1;
  }

  wrote(row: { readonly id: string; readonly fresh: boolean }): void {
    assert.equal(row.fresh, !this.rows.has(row.id), `${row.id} is written once`);
    this.rows.add(row.id);
    if (!row.fresh) this.counts.repeats += 1;
  }

  committed({ id, batch }: Turn, status: 'completed' | 'failed' | 'released'): void {
    for (const { id: messageId } of batch.messages) {
      const message = this.expect(messageId);
      if (message.holder !== id) {
        if (status === 'completed') message.vainAnswers += 1;
        this.counts.vain += 1;
        continue;
      }
      if (message.end !== null) continue;
      if (status === 'released') message.releases += 1;
      else message.end = status;
      if (message.releases > RETRY.maxReleases) message.end = 'failed';
    }
    if (status !== 'completed') return;
    this.wrote({ id: `${id}-0`, fresh: !this.rows.has(`${id}-0`) });
    for (const m of [...batch.context, ...batch.skipped]) this.expect(m.id).end ??= 'completed';
  }

  /** A generation ended on these, by the session's own fault. */
  charged(ids: readonly string[], generation: number): void {
    for (const id of ids) {
      const message = this.expect(id);
      if (message.end !== null) continue;
      message.charges.add(generation);
      this.counts.charges += 1;
      if (message.charges.size < RETRY.maxTries) continue;
      message.end = 'failed';
      this.counts.deadLetters += 1;
    }
  }

  cancelled(series: string, waiting: readonly string[]): void {
    this.series.set(series, 'cancelled');
    for (const id of waiting) this.expect(id).end = 'cancelled';
  }

  /** Whatever works on it now works in vain. */
  paused(series: string, waiting: readonly string[]): void {
    this.series.set(series, 'paused');
    for (const id of waiting) {
      this.expect(id).holder = null;
      this.#turnOf.delete(id);
    }
  }

  heldBy({ id, batch }: Turn): string[] {
    return batch.messages.map((m) => m.id).filter((m) => this.expect(m).holder === id);
  }

  /** True at every moment, also between a crash and its repair. */
  check(world: World): void {
    const rows = sql(
      world.folder.inbound,
      'SELECT id, seq, status, series_id, recurrence, tries, trigger FROM messages_in',
    );
    assert.equal(new Set(rows.map((row) => row.seq)).size, rows.length, 'numbers are unique');
    for (const { id, seq, status, series_id, tries, trigger } of rows) {
      if (this.series.has(String(series_id))) this.enqueued(String(id), true);
      assert.equal(this.expect(String(id)).wakes, trigger === 1);
      assert.ok(Number(seq) % 2 === 0 && Number(tries) <= RETRY.maxTries);
      const last = this.#lastStatus.get(String(id)) ?? 'pending';
      if (last !== 'pending' && last !== 'paused')
        assert.equal(status, last, `${id} was over and is no more`);
      this.#lastStatus.set(String(id), status);
    }
    assert.equal(rows.length, this.messages.size, 'no message is lost, none is made up');
    for (const [series, state] of this.series) {
      const waits = state === 'paused' ? 'paused' : 'pending';
      const live = rows.filter((row) => row.series_id === series && row.status === waits);
      assert.equal(live.length, state === 'cancelled' ? 0 : 1, `${series} has one next occurrence`);
      assert.equal(
        rows.filter((row) => row.series_id === series && row.recurrence !== null).length,
        live.length,
      );
    }
  }

  /** True when everything is over. */
  checkEnd(world: World): void {
    const rows = sql(world.folder.inbound, 'SELECT id, status, tries FROM messages_in');
    const copies = [...world.copies.values()];
    const answers = copies.filter((row) => row.id.endsWith('-0')).flatMap((row) => JSON.parse(row.content));
    for (const { id, status, tries } of rows) {
      const message = this.expect(String(id));
      assert.equal(status, message.end, `${id} ended as its last ack or try says`);
      if (status === 'cancelled') continue;
      assert.equal(tries, message.charges.size, `${id}: one try for each generation that ended on it`);
      assert.equal(world.ends.get(String(id) as never), status, `${id}: its end was told`);
      const answered = message.vainAnswers + (status === 'completed' && message.wakes ? 1 : 0);
      assert.equal(
        answers.filter((answer) => answer === id).length,
        answered,
        `${id} was answered ${answered} times`,
      );
    }
    assert.deepEqual(new Set(world.copies.keys()), this.rows, 'every row reached the host, and no other');
    const numbers = copies.map((row) => row.seq);
    assert.equal(new Set(numbers).size, numbers.length, 'no number is used twice');
    assert.ok(numbers.every((seq) => seq % 2 === 1));
  }
}
