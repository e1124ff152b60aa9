/**
 * What is kept for how long: one row per class, each a step that looks at a bounded number of rows and removes those
 * that may go. Order within a step: mailbox and files first, the store's row last, so that a crash in between is mended
 * by the next pass doing the same again.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mailboxes } from '../sessions/port.ts';
import { removeOldApprovals } from '../store/approvals.ts';
import {
  oldDeliveries,
  oldMessages,
  removeDelivery,
  removeMessage,
  removeOldEntries,
  removeOldEvents,
  removeOldGenerations,
  type Span,
} from '../store/old.ts';
import { oldOwnEnds, removeOwnEnd } from '../store/own-ends.ts';
import type { Sql, Store } from '../store/port.ts';
import { sessionById } from '../store/sessions.ts';
import type { SessionId, Settings } from '../types.ts';
import { removeCopies } from './files.ts';

export interface ClassDeps {
  readonly store: Store;
  readonly mailboxes: Mailboxes;
  readonly settings: Settings;
  readonly dataDir: string;
}

export interface RetentionClass {
  readonly name: string;
  readonly keepMs: number;
  /** Returns where the next step begins; null when nothing old is left. */
  readonly step: (span: Span) => Promise<number | null>;
}

export function retentionClasses(deps: ClassDeps): readonly RetentionClass[] {
  const { store, settings } = deps;
  const within = (remove: (sql: Sql, span: Span) => Promise<number | null>) => (span: Span) =>
    store.transaction((sql) => remove(sql, span));
  return [
    { name: 'events', keepMs: settings.keepEventsMs, step: within(removeOldEvents) },
    { name: 'generations', keepMs: settings.keepGenerationsMs, step: within(removeOldGenerations) },
    { name: 'conversation', keepMs: settings.keepConversationMs, step: within(removeOldEntries) },
    { name: 'approvals', keepMs: settings.keepConversationMs, step: within(removeOldApprovals) },
    { name: 'messages', keepMs: settings.keepMessagesMs, step: (span) => messages(deps, span) },
    { name: 'own rows', keepMs: settings.keepMessagesMs, step: (span) => ownRows(deps, span) },
    { name: 'deliveries', keepMs: settings.keepMessagesMs, step: (span) => deliveries(deps, span) },
  ];
}

async function messages(deps: ClassDeps, span: Span): Promise<number | null> {
  const { store, mailboxes } = deps;
  const old = await oldMessages(store.read, span);
  for (const [session, found] of Map.groupBy(old, (one) => one.session)) {
    const ids = found.map(({ message }) => message);
    await inMailbox(deps, session, (mailbox) => mailbox.forget(ids, []));
    const key = await sessionById(store.read, session);
    for (const id of key ? ids : []) {
      // The message is gone, and nobody can read its files by it any more.
      if (key)
        await rm(join(mailboxes.paths(key).inDir, mailboxes.filesOf(id)), { recursive: true, force: true });
    }
  }
  await store.transaction(async (sql) => {
    for (const one of old) await removeMessage(sql, one);
  });
  return old.at(-1)?.atMs ?? null;
}

async function ownRows(deps: ClassDeps, span: Span): Promise<number | null> {
  const { store } = deps;
  const old = await oldOwnEnds(store.read, span);
  for (const [session, found] of Map.groupBy(old, (one) => one.session)) {
    const ids = found.map(({ message }) => message);
    await inMailbox(deps, session, (mailbox) => mailbox.forget(ids, []));
  }
  await store.transaction(async (sql) => {
    for (const one of old) await removeOwnEnd(sql, one);
  });
  return old.at(-1)?.atMs ?? null;
}

async function deliveries(deps: ClassDeps, span: Span): Promise<number | null> {
  const { store, dataDir } = deps;
  const old = await oldDeliveries(store.read, span);
  const over = old.filter(({ isOver }) => isOver);
  for (const [session, found] of Map.groupBy(over, (one) => one.session)) {
    await inMailbox(deps, session, (mailbox) =>
      mailbox.forget(
        [],
        found.map(({ id }) => id),
      ),
    );
    for (const { id } of found) await removeCopies(join(dataDir, 'files', session, id));
  }
  await store.transaction(async (sql) => {
    for (const one of over) await removeDelivery(sql, one);
  });
  return old.at(-1)?.atMs ?? null;
}

async function inMailbox(
  { store, mailboxes }: ClassDeps,
  id: SessionId,
  work: Parameters<Mailboxes['inbound']>[1],
): Promise<void> {
  const session = await sessionById(store.read, id);
  if (session && (await mailboxes.exists(session))) await mailboxes.inbound(session, work);
}
