/**
 * What lies on disk in a data folder, read beside the host: the conversation log, what became of messages, and the two
 * files of a mailbox. Read-only, one open per look; the host may be up, down or dead.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import type { LogBody } from '../../../packages/host/src/api/contract.ts';

/** One entry of a conversation: `text` is what a person reads, or what was done for the kinds without a text. */
export interface Said {
  readonly kind: LogBody['kind'];
  readonly text: string;
  readonly id: string;
  readonly replyTo: string | null;
  readonly body: LogBody;
}

export interface InboundRecord {
  readonly id: string;
  readonly kind: string;
  readonly status: string;
  readonly tries: number;
  readonly releases: number;
  readonly content: string;
}

export interface OutboundRecord {
  readonly id: string;
  readonly kind: string;
  readonly in_reply_to: string | null;
  readonly content: string;
}

export interface GenerationRecord {
  readonly number: number;
  readonly state: string;
  readonly costs: number;
  readonly reason: string | null;
}

export class Records {
  readonly #data: string;
  constructor(data: string) {
    this.#data = data;
  }

  installId(): string {
    const [row] = this.#store<{ value: string }>("SELECT value FROM settings WHERE name = 'install_id'");
    return row?.value ?? 'no install id';
  }

  conversation(thread: string): Said[] {
    const rows = this.#store<{ id: string; reply_to: string | null; body: string }>(
      'SELECT id, reply_to, body FROM conversation WHERE thread = ? ORDER BY seq',
      thread,
    );
    return rows.map((row) => {
      const body = JSON.parse(row.body) as LogBody;
      return { kind: body.kind, text: textOf(body), id: row.id, replyTo: row.reply_to, body };
    });
  }

  /** The state of every delivery of a session, in the order of its agent's rows. */
  deliveries(session: string): { readonly out_id: string; readonly state: string }[] {
    return this.#store('SELECT out_id, state FROM deliveries WHERE session_id = ? ORDER BY seq', session);
  }

  generations(session: string): GenerationRecord[] {
    return this.#store(
      'SELECT number, state, costs, reason FROM generations WHERE session_id = ? ORDER BY number',
      session,
    );
  }

  inbound(session: string): InboundRecord[] {
    return this.#rows(
      this.#mailboxFile(session, 'in/inbound.db'),
      'SELECT id, kind, status, tries, releases, content FROM messages_in ORDER BY seq',
    );
  }

  outbound(session: string): OutboundRecord[] {
    return this.#rows(
      this.#mailboxFile(session, 'out/outbound.db'),
      'SELECT id, kind, in_reply_to, content FROM messages_out ORDER BY seq',
    );
  }

  /** Messages that a turn has covered, as the agent's side of the mailbox says. */
  acknowledged(session: string): string[] {
    return this.#rows<{ message_id: string }>(
      this.#mailboxFile(session, 'out/outbound.db'),
      "SELECT message_id FROM processing_ack WHERE status = 'completed'",
    ).map((row) => row.message_id);
  }

  /** Ids of the rows whose delivery the mailbox knows of. */
  receipts(session: string): string[] {
    return this.#rows<{ message_out_id: string }>(
      this.#mailboxFile(session, 'in/inbound.db'),
      "SELECT message_out_id FROM delivered WHERE status = 'delivered'",
    ).map((row) => row.message_out_id);
  }

  /** All that was logged, in one text. */
  log(): string {
    const dir = join(this.#data, 'logs');
    return readdirSync(dir)
      .map((name) => readFileSync(join(dir, name), 'utf8'))
      .join('');
  }

  #mailboxFile(session: string, file: string): string {
    return join(this.#data, 'sessions', 'bell', session, file);
  }

  #store<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#rows(join(this.#data, 'bellhop.db'), sql, ...values);
  }

  #rows<Row>(path: string, sql: string, ...values: SQLInputValue[]): Row[] {
    if (!existsSync(path)) return [];
    const db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
    try {
      return db.prepare(sql).all(...values) as Row[];
    } finally {
      db.close();
    }
  }
}

function textOf(body: LogBody): string {
  switch (body.kind) {
    case 'reaction':
      return body.emoji;
    default:
      return body.text;
  }
}
