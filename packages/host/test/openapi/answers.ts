/**
 * The shapes of contract.ts as schemas: what the OpenAPI description is made of, and what real answers are held against.
 * The compiler holds them against the types; `strictObject` finds what the types do not name. Not in src: nothing that
 * runs needs them, and the idle host pays for what it loads.
 */
import * as v from 'valibot';
import type * as contract from '../../src/api/contract.ts';

type Of<T> = v.GenericSchema<unknown, T>;

const text = v.string();
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const time = v.pipe(v.string(), v.isoTimestamp());
const maybe = v.nullable(text);

const file: Of<contract.FileView> = v.strictObject({ name: text, path: text, size: count });
const files = v.array(file);

const status: Of<contract.Status> = v.strictObject({
  version: text,
  pid: count,
  url: text,
  data: text,
  startedAt: time,
  timeZone: text,
  sandbox: v.strictObject({ kind: text, warning: maybe }),
  agents: v.array(v.strictObject({ name: text, harness: text, demo: v.boolean(), model: maybe })),
  sessions: v.strictObject({ total: count, awake: count, quarantined: count }),
  messages: v.strictObject({ waiting: count, working: count, failed: count }),
  channels: v.array(
    v.strictObject({
      name: text,
      state: v.picklist(['starting', 'up', 'refused']),
      reason: maybe,
      refusals: count,
      retryAt: v.nullable(time),
    }),
  ),
  waitingFor: v.array(text),
  approvals: count,
});

const card = { agent: text, host: text, port: count, sha256: text, expiresAt: time };
const option = v.strictObject({ label: text, value: text });
const body: Of<contract.LogBody> = v.variant('kind', [
  v.strictObject({ kind: v.literal('user'), text, files }),
  v.strictObject({ kind: v.literal('text'), text, files }),
  v.strictObject({ kind: v.literal('edit'), target: text, text }),
  v.strictObject({ kind: v.literal('reaction'), target: text, emoji: text }),
  v.strictObject({
    kind: v.literal('question'),
    question: text,
    title: text,
    text,
    options: v.array(option),
    approval: v.exactOptional(v.strictObject(card)),
  }),
  v.strictObject({ kind: v.literal('notice'), text }),
]);

const entry = v.strictObject({
  type: v.literal('entry'),
  seq: count,
  at: time,
  id: text,
  replyTo: maybe,
  body,
}) satisfies Of<contract.LogEntry>;

const state = v.picklist(['accepted', 'at work', 'answered', 'failed']);
const receipt = v.strictObject({
  type: v.literal('receipt'),
  message: text,
  state,
  reason: maybe,
}) satisfies Of<contract.ReceiptEvent>;

const message: Of<contract.MessageState> = v.strictObject({
  message: text,
  session: text,
  agent: text,
  state,
  reason: maybe,
  settled: v.boolean(),
  replies: v.array(entry),
});

const tool: Of<contract.ToolView> = v.strictObject({
  n: count,
  name: text,
  detail: v.pipe(text, v.maxLength(200)),
  startedAt: time,
  ms: v.nullable(v.number()),
  ok: v.nullable(v.boolean()),
});
const turn: Of<contract.TurnView> = v.strictObject({
  turn: text,
  messages: v.array(text),
  generation: count,
  sandbox: text,
  startedAt: time,
  tools: v.pipe(v.array(tool), v.maxLength(50)),
  usage: v.nullable(
    v.strictObject({
      calls: count,
      inputTokens: count,
      outputTokens: count,
      costMicros: v.nullable(count),
    }),
  ),
});

const conversation: Of<contract.ConversationView> = v.strictObject({
  agent: text,
  thread: text,
  title: v.pipe(text, v.minLength(1)),
  last: v.strictObject({ text, at: time, by: v.picklist(['you', 'agent', 'bellhop']) }),
  seq: count,
  readSeq: count,
  needsYou: v.boolean(),
});

const event: Of<contract.StreamEvent> = v.variant('type', [
  entry,
  receipt,
  v.strictObject({ type: v.literal('live'), turn: text, text, whole: v.exactOptional(v.boolean()) }),
  v.strictObject({ type: v.literal('typing'), on: v.boolean() }),
  v.strictObject({ type: v.literal('ledger'), turn: v.nullable(turn) }),
  v.strictObject({ type: v.literal('conversation'), conversation }),
  v.strictObject({ type: v.literal('answered'), question: text, option: text }),
]);

const conversations: Of<contract.ConversationList> = v.strictObject({ conversations: v.array(conversation) });
const page: Of<contract.EntryPage> = v.strictObject({
  entries: v.array(entry),
  more: v.boolean(),
  receipts: v.array(receipt),
  answered: v.array(v.strictObject({ question: text, option: v.nullable(text) })),
});
const sent: Of<contract.SentMessage> = v.strictObject({
  message: text,
  session: text,
  agent: text,
  thread: text,
  demo: v.boolean(),
});
const uploaded: Of<contract.UploadedFile> = v.strictObject({ file: text, name: text, size: count });
const link: Of<contract.SignInLink> = v.strictObject({ url: text, expiresAt: time });

const key = v.picklist(['environment', 'vault', 'unreadable', 'missing', 'none needed']);
const model: Of<contract.ModelView> = v.strictObject({
  agent: text,
  by: v.picklist(['owner', 'environment', 'vault', 'ollama', 'nobody']),
  provider: maybe,
  model: maybe,
  baseUrl: maybe,
  key,
  harness: text,
  demo: v.boolean(),
  providers: v.array(v.strictObject({ id: text, label: text, variable: maybe, key, defaultModel: maybe })),
});
const modelTest: Of<contract.ModelTest> = v.strictObject({
  provider: text,
  model: text,
  ms: count,
  text,
  inputTokens: v.nullable(count),
  outputTokens: v.nullable(count),
});
const models: Of<contract.ModelList> = v.strictObject({ provider: text, models: v.array(text) });
const usage: Of<contract.UsageView> = v.strictObject({
  by: v.picklist(['agent', 'session', 'task', 'day', 'model']),
  estimate: v.boolean(),
  prices: text,
  rows: v.array(
    v.strictObject({
      key: text,
      label: text,
      calls: count,
      inputTokens: count,
      outputTokens: count,
      cachedTokens: count,
      costMicros: count,
      chargedMicros: count,
      unpriced: count,
    }),
  ),
});
const packageRow = { apt: v.array(text), npm: v.array(text), why: maybe };
const packages: Of<contract.PackageList> = v.strictObject({
  packages: v.array(
    v.strictObject({
      ...packageRow,
      agent: text,
      state: v.picklist(['building', 'installed', 'failed']),
    }),
  ),
});
const packageLog: Of<contract.PackageLog> = v.strictObject({
  text,
  next: count,
  state: v.picklist(['none', 'building', 'installed', 'failed']),
  why: maybe,
});

const skills: Of<contract.SkillList> = v.strictObject({
  folder: text,
  skills: v.array(v.strictObject({ name: text, description: maybe, problem: maybe, agents: v.array(text) })),
});

const hosts: Of<contract.HostList> = v.strictObject({
  hosts: v.array(
    v.strictObject({
      agent: text,
      host: text,
      port: count,
      private: v.boolean(),
      method: maybe,
      path: maybe,
    }),
  ),
});
const decision = v.picklist(['once', 'session', 'always', 'no']);
const approval: Of<contract.ApprovalRow> = v.strictObject({
  ...card,
  id: text,
  kind: v.literal('reach-host'),
  session: text,
  askedAt: time,
  state: v.picklist(['asked', 'decided', 'expired']),
  decision: v.nullable(decision),
  decidedBy: maybe,
  decidedAt: v.nullable(time),
  applied: v.boolean(),
});
const approvals: Of<contract.ApprovalList> = v.strictObject({ approvals: v.array(approval) });
const secrets: Of<contract.SecretList> = v.strictObject({
  secrets: v.array(
    v.strictObject({
      name: text,
      setAt: maybe,
      usedAt: maybe,
      readable: v.boolean(),
      grants: v.array(
        v.strictObject({
          agent: text,
          host: text,
          port: count,
          method: maybe,
          path: text,
          as: text,
          private: v.boolean(),
        }),
      ),
    }),
  ),
});
const rotated: Of<contract.Rotated> = v.strictObject({ sealed: count });
const period = v.picklist(['session', 'hour', 'day', 'month']);
const budgets: Of<contract.BudgetList> = v.strictObject({
  budgets: v.array(
    v.strictObject({
      agent: maybe,
      period,
      capMicros: count,
      addedMicros: count,
      spentMicros: v.nullable(count),
    }),
  ),
  stops: v.array(
    v.strictObject({
      id: text,
      agent: maybe,
      period,
      session: maybe,
      at: time,
      state: v.picklist(['asked', 'closed']),
    }),
  ),
});
const done: Of<contract.Done> = v.strictObject({ sessions: v.array(text) });
const whose = { session: text, agent: text, channel: text, chat: text, thread: maybe };
const deadLetter: Of<contract.DeadLetterView> = v.strictObject({
  message: text,
  ...whose,
  reason: text,
  acceptedAt: v.nullable(time),
  failedAt: time,
  text: v.nullable(v.pipe(text, v.maxLength(2_000))),
});
const deadLetters: Of<contract.DeadLetterList> = v.strictObject({ deadLetters: v.array(deadLetter) });
const sessions: Of<contract.SessionList> = v.strictObject({
  sessions: v.array(
    v.strictObject({
      ...whose,
      state: v.picklist(['active', 'quarantined']),
      reason: maybe,
      awake: v.boolean(),
      createdAt: time,
      diskBytes: count,
    }),
  ),
});
const whyRow: Of<contract.WhyRow> = v.strictObject({
  seq: count,
  kind: text,
  status: text,
  tries: count,
  attempt: count,
  releases: count,
  dueAt: v.nullable(time),
});
const whyAck: Of<contract.WhyAck> = v.strictObject({
  status: text,
  generation: count,
  attempt: count,
  turn: maybe,
  error: maybe,
});
const whyGeneration: Of<contract.WhyGeneration> = v.strictObject({
  number: count,
  state: text,
  startedAt: time,
  endedAt: v.nullable(time),
  reason: maybe,
  charged: v.boolean(),
});
const whyReply: Of<contract.WhyReply> = v.strictObject({
  id: text,
  state: text,
  reason: maybe,
  createdAt: time,
  pieces: v.array(v.strictObject({ state: text, attempts: count })),
});
const why: Of<contract.WhyList> = v.strictObject({
  messages: v.array(
    v.strictObject({
      message: text,
      ...whose,
      verdict: v.array(text),
      acceptedAt: v.nullable(time),
      endedAt: v.nullable(time),
      state: v.picklist(['accepted', 'enqueued', 'answered', 'failed']),
      reason: maybe,
      row: v.nullable(whyRow),
      ack: v.nullable(whyAck),
      generations: v.array(whyGeneration),
      replies: v.array(whyReply),
      log: v.array(text),
    }),
  ),
});
const error: Of<contract.ApiError> = v.strictObject({
  error: v.strictObject({ code: text, message: text, hint: text }),
});

/** By the name that the description gives them. */
export const ANSWERS = {
  Status: status,
  ConversationList: conversations,
  EntryPage: page,
  StreamEvent: event,
  MessageState: message,
  SentMessage: sent,
  UploadedFile: uploaded,
  SignInLink: link,
  ModelView: model,
  ModelTest: modelTest,
  ModelList: models,
  UsageView: usage,
  BudgetList: budgets,
  ApprovalList: approvals,
  ApprovalRow: approval,
  HostList: hosts,
  PackageList: packages,
  SkillList: skills,
  PackageLog: packageLog,
  SecretList: secrets,
  Rotated: rotated,
  DeadLetterList: deadLetters,
  SessionList: sessions,
  WhyList: why,
  Done: done,
  ApiError: error,
  Empty: v.strictObject({}),
  FileView: file,
  LogEntry: entry,
  ReceiptEvent: receipt,
  ConversationView: conversation,
  TurnView: turn,
} as const;

export type AnswerName = keyof typeof ANSWERS;
