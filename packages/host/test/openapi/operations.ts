/** What each route is for, takes and gives: the words of the OpenAPI description. One row for each route, no more. */
import type * as v from 'valibot';
import { decideSchema } from '../../src/api/approval-routes.ts';
import { answerBudgetSchema, setBudgetSchema } from '../../src/api/budget-routes.ts';
import { allowHostSchema, removeHostSchema } from '../../src/api/host-routes.ts';
import { setModelSchema, testModelSchema } from '../../src/api/model-routes.ts';
import { changePackagesSchema } from '../../src/api/package-routes.ts';
import { markReadSchema } from '../../src/api/routes/conversations.ts';
import { answerSchema, sendSchema } from '../../src/api/routes/messages.ts';
import { stopTurnSchema } from '../../src/api/routes/turns.ts';
import {
  grantSchema,
  removeSecretSchema,
  revokeSchema,
  setSecretSchema,
} from '../../src/api/secret-routes.ts';
import { passwordSchema } from '../../src/api/sign-in/routes.ts';
import { turnSkillSchema } from '../../src/api/skill-routes.ts';
import type { AnswerName } from './answers.ts';

export interface Operation {
  readonly summary: string;
  /** Name to what it means. */
  readonly query?: Readonly<Record<string, string>>;
  /** A schema for JSON, or the media type of anything else. */
  readonly body?: v.GenericSchema | string;
  /** Status, and what comes with it: one of our shapes as JSON, the media type of anything else, null for nothing. */
  readonly answer: readonly [status: number, content: AnswerName | `${string}/${string}` | null];
  /** Nobody need be signed in. */
  readonly open?: true;
  /** On the owner's socket alone. */
  readonly owner?: true;
}

const PLACE = {
  agent: 'name of the agent; default: the first one',
  thread: 'the conversation; default: main',
};

/** Which message of an id is meant. */
const NAMED = {
  channel: 'the channel that it came by, where several have one of this id; default: your own',
  chat: 'the chat that it was said in',
  thread: 'the thread that it was said in; of a number: default main',
  session: 'the session that it went to',
};

/** Keys as in the table of routes, with the method before. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  'GET /': { summary: 'The page', answer: [200, 'text/html'], open: true },
  'GET /assets/:name': {
    summary: 'A file of the page',
    answer: [200, 'application/octet-stream'],
    open: true,
  },
  'GET /plain.css': {
    summary: 'Style of the pages before one is signed in',
    answer: [200, 'text/css'],
    open: true,
  },
  'GET /in/:token': {
    summary: 'Sign in by a one-time link; leads to the page, with the cookie',
    answer: [303, null],
    open: true,
  },
  'POST /v1/sign-in': {
    summary: 'Sign in by the password; the cookie comes with the answer',
    body: passwordSchema,
    answer: [204, null],
    open: true,
  },
  'POST /v1/sign-out': { summary: 'End this browser’s sign-in', answer: [204, null] },
  'GET /v1/openapi.json': { summary: 'This description', answer: [200, 'application/json'] },
  'GET /v1/status': { summary: 'What runs, what waits, and for what', answer: [200, 'Status'] },
  'GET /v1/conversations': {
    summary: 'The 500 conversations with the newest entries, newest first',
    answer: [200, 'ConversationList'],
  },
  'POST /v1/conversations/read': {
    summary: 'Note up to where a conversation was read',
    body: markReadSchema,
    answer: [204, null],
  },
  'GET /v1/entries': {
    summary: 'A page of a conversation, oldest entry first',
    query: {
      ...PLACE,
      before: 'entries before this seq; default: the last ones',
      limit: 'at most 100; default 50',
    },
    answer: [200, 'EntryPage'],
  },
  'GET /v1/events': {
    summary: 'The conversation as it goes on: server-sent events, each with one StreamEvent as its data',
    query: { ...PLACE, after: 'seq of the last entry that is known; Last-Event-ID goes before it' },
    answer: [200, 'text/event-stream'],
  },
  'POST /v1/files': {
    summary: 'Upload a file, to be named in a message',
    query: { name: 'its name' },
    body: 'application/octet-stream',
    answer: [201, 'UploadedFile'],
  },
  'GET /v1/entry-file': {
    summary: 'A file of an entry',
    query: {
      ...PLACE,
      entry: 'seq of the entry',
      index: 'place of the file in it, from 0',
      download: '1: never shown, always saved',
    },
    answer: [200, 'application/octet-stream'],
  },
  'POST /v1/messages': {
    summary: 'Say something; the same id again changes nothing',
    body: sendSchema,
    answer: [202, 'SentMessage'],
  },
  'GET /v1/messages/:id': { summary: 'What has become of a message', answer: [200, 'MessageState'] },
  'POST /v1/messages/:id/retry': { summary: 'Try a message again that has failed', answer: [202, 'Empty'] },
  'POST /v1/answers': {
    summary: 'Answer a question; the first answer counts',
    body: answerSchema,
    answer: [202, 'SentMessage'],
  },
  'POST /v1/turns/stop': {
    summary: 'Stop the turn that is at work',
    body: stopTurnSchema,
    answer: [202, 'Empty'],
  },
  'GET /v1/model': {
    summary: 'The model of an agent, who chose it, and what could be chosen',
    query: { agent: PLACE.agent },
    answer: [200, 'ModelView'],
  },
  'PUT /v1/model': {
    summary: 'Choose a model, store a key; it holds from the next turn on',
    body: setModelSchema,
    answer: [200, 'ModelView'],
  },
  'POST /v1/model/test': {
    summary: 'One real, tiny call to the model',
    body: testModelSchema,
    answer: [200, 'ModelTest'],
  },
  'GET /v1/models': {
    summary: 'The models that a provider names',
    query: { agent: PLACE.agent, provider: 'default: the one in use' },
    answer: [200, 'ModelList'],
  },
  'GET /v1/usage': {
    summary: 'What the models used, and what it cost',
    query: { by: 'agent, session, day or model; default: agent' },
    answer: [200, 'UsageView'],
  },
  'GET /v1/hosts': { summary: 'Which hosts each agent may reach', answer: [200, 'HostList'] },
  'PUT /v1/hosts': {
    summary: 'Let an agent reach one exact host',
    body: allowHostSchema,
    answer: [200, 'HostList'],
  },
  'POST /v1/hosts/remove': {
    summary: 'Let it reach that host no more; what runs to it is cut off',
    body: removeHostSchema,
    answer: [200, 'HostList'],
  },
  'GET /v1/approvals': {
    summary: 'What agents ask for, open questions first',
    answer: [200, 'ApprovalList'],
  },
  'POST /v1/approvals/decide': {
    summary: 'The one word on a question, and on exactly what it was about',
    body: decideSchema,
    answer: [200, 'ApprovalRow'],
  },
  'GET /v1/secrets': {
    summary: 'The secrets, without their values, and what each is granted for',
    answer: [200, 'SecretList'],
  },
  'PUT /v1/secrets': {
    summary: 'Store a secret, or another value under its name',
    body: setSecretSchema,
    answer: [200, 'SecretList'],
  },
  'POST /v1/secrets/remove': {
    summary: 'Remove a secret with all that it is granted for',
    body: removeSecretSchema,
    answer: [200, 'SecretList'],
  },
  'POST /v1/secrets/grant': {
    summary: 'Let requests of an agent to one host pass, and carry the secret',
    body: grantSchema,
    answer: [200, 'SecretList'],
  },
  'POST /v1/secrets/revoke': {
    summary: 'Take such grants back; what runs to that host is cut off',
    body: revokeSchema,
    answer: [200, 'SecretList'],
  },
  'POST /v1/secrets/rotate': {
    summary: 'Seal all secrets and keys under a new key of the vault',
    answer: [200, 'Rotated'],
  },
  'GET /v1/budgets': {
    summary: 'What may be spent, what was, and which budgets are used up',
    answer: [200, 'BudgetList'],
  },
  'PUT /v1/budgets': {
    summary: 'Set or remove a hard cap, in millionths of a dollar',
    body: setBudgetSchema,
    answer: [200, 'BudgetList'],
  },
  'POST /v1/budgets/answer': {
    summary: 'Answer a budget that is used up: add to it for this period, or no more; counts once',
    body: answerBudgetSchema,
    answer: [200, 'BudgetList'],
  },
  'GET /v1/dead-letters': {
    summary: 'The 200 messages that failed last and that nobody has dealt with, newest first',
    answer: [200, 'DeadLetterList'],
  },
  'GET /v1/dead-letters/:message': {
    summary: 'One of them, with what it said; one for each session that it failed in',
    query: NAMED,
    answer: [200, 'DeadLetterList'],
  },
  'POST /v1/dead-letters/:message/retry': {
    summary: 'Accept it once more; its tries begin anew',
    query: NAMED,
    answer: [202, 'Done'],
  },
  'POST /v1/dead-letters/:message/discard': {
    summary: 'Take it off the list; the message stays failed',
    query: NAMED,
    answer: [200, 'Done'],
  },
  'GET /v1/why/:message': {
    summary: 'The whole story of a message, by its id, its number in a conversation, or `last`',
    query: { agent: PLACE.agent, ...NAMED },
    answer: [200, 'WhyList'],
  },
  'GET /v1/sessions': {
    summary: 'The 200 newest sessions, with what each takes on disk',
    query: { quarantined: '1: those alone that are out of service' },
    answer: [200, 'SessionList'],
    owner: true,
  },
  'POST /v1/sessions/:id/release': {
    summary: 'Put a session back into service',
    answer: [202, 'Done'],
    owner: true,
  },
  'GET /v1/packages': {
    summary: 'The packages of each agent, and what became of them',
    answer: [200, 'PackageList'],
    owner: true,
  },
  'POST /v1/packages/add': {
    summary: 'Packages for an agent; an image with them is built beside what runs',
    body: changePackagesSchema,
    answer: [200, 'PackageList'],
    owner: true,
  },
  'POST /v1/packages/remove': {
    summary: 'Take packages away from an agent',
    body: changePackagesSchema,
    answer: [200, 'PackageList'],
    owner: true,
  },
  'GET /v1/packages/log': {
    summary: 'What was said while an agent’s packages were installed last',
    query: { agent: PLACE.agent, from: 'from this byte on; default: 0' },
    answer: [200, 'PackageLog'],
    owner: true,
  },
  'GET /v1/skills': {
    summary: 'The skills that are there, and which agents have them',
    answer: [200, 'SkillList'],
    owner: true,
  },
  'POST /v1/skills': {
    summary: 'Turn a skill on or off for an agent',
    body: turnSkillSchema,
    answer: [200, 'SkillList'],
    owner: true,
  },
  'POST /v1/stop': { summary: 'Stop the host', answer: [202, 'Empty'], owner: true },
  'POST /v1/links': { summary: 'A new link to sign in by', answer: [201, 'SignInLink'], owner: true },
  'POST /v1/password': {
    summary: 'Set the password; signs everybody out',
    body: passwordSchema,
    answer: [204, null],
    owner: true,
  },
};
