/**
 * A runner that is not ours: it writes what the tables take and no runner of ours would write, then goes. It may spoil
 * its own session; it must not send elsewhere, end what is not its own, or harm another.
 */
import type { InboundRow, MessageId, OutboundId, TurnId } from '../../../packages/mailbox/src/model.ts';
import {
  InboundReader,
  type NewOutbound,
  OutboundMailbox,
} from '../../../packages/mailbox/src/runner/index.ts';
import type { RunnerConfig } from '../../../packages/runner/src/protocol.ts';
import type { Process } from '../machine/kernel.ts';
import type { Random } from '../machine/random.ts';

/** What it says begins so; it must never be heard in a chat that is not its own. */
export const HOSTILE = 'hostile';

export async function runHostile(process: Process, config: RunnerConfig, random: Random): Promise<void> {
  await process.sleep(200);
  const inbound = InboundReader.open(config.inDir);
  const due = [...inbound.due(Date.now())];
  const routing = inbound.routing();
  inbound.close();
  const outbound = OutboundMailbox.open(config.outDir, config.generation);
  const turnId = `hostile-${config.generation}` as TurnId;
  const row = (id: string, change: Partial<NewOutbound>): NewOutbound => ({
    ...routing,
    id: `${id}-${config.generation}` as OutboundId,
    inReplyTo: null,
    kind: 'chat',
    content: JSON.stringify({ text: `${HOSTILE} words` }),
    dueMs: 0,
    ...change,
  });
  const text = JSON.stringify({ text: HOSTILE });
  const rows: readonly NewOutbound[] = [
    row('elsewhere', { chat: 'somebody-else', content: text }),
    row('other-channel', { channel: 'terminal', content: text }),
    row('no-json', { content: '{' }),
    row('no-kind', { content: JSON.stringify({ action: 'format_disk' }) }),
    row('notice:command', { content: text }),
    row('a/../b', { content: text }),
    row('file', { content: JSON.stringify({ text: HOSTILE, files: ['../../bellhop.db'] }) }),
    row('bad-time', {
      kind: 'system',
      content: JSON.stringify({ action: 'schedule_task', taskId: 't', prompt: 'x', processAfter: 'soon' }),
    }),
  ];
  for (const one of rows) {
    outbound.addRow(turnId, one, random.below(1_000), Date.now());
    await process.sleep(10);
  }
  // Acks of an attempt that was never handed out, and of a message that is not there.
  const stranger = { id: 'nobody' as MessageId, attempt: 1 } as InboundRow;
  const ahead = due.map((message) => ({ ...message, attempt: message.attempt + 7 }));
  outbound.commitTurn({
    turnId,
    rows: [],
    acks: [stranger, ...ahead].map((message) => ({ status: 'completed', message })),
    continuation: null,
    prune: { acksThrough: 0, rowsThrough: 0 },
    inboundSeq: 0,
    nowMs: Date.now(),
  });
  await process.sleep(10);
  outbound.close();
  process.exit({ code: random.below(2), signal: null });
}
