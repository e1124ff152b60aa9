/**
 * The table of commands: what help shows and what the parser takes. A new command is one row here and one file.
 *
 * Rows without `run` are started by the launcher; they stand here so that help is whole.
 */
import { approvals } from './approvals.ts';
import type { OptionSpec } from './args.ts';
import { ask } from './ask.ts';
import { budget } from './budget.ts';
import { chat } from './chat/chat.ts';
import type { Command } from './command.ts';
import { hosts } from './hosts.ts';
import { link } from './link.ts';
import { logs } from './logs/logs.ts';
import { model } from './model.ts';
import { deadLetters } from './operator/dead-letters.ts';
import { sessions } from './operator/sessions.ts';
import { why } from './operator/why.ts';
import { packages } from './packages.ts';
import { password } from './password.ts';
import { secrets } from './secrets.ts';
import { skills } from './skills.ts';
import { status } from './status.ts';
import { stop } from './stop.ts';
import { usage } from './usage.ts';

const CONVERSATION: Readonly<Record<string, OptionSpec>> = {
  agent: { type: 'string', value: 'NAME', help: 'whom to talk to (default: the first agent)' },
  thread: { type: 'string', value: 'NAME', help: 'which conversation (default: main)' },
  new: { type: 'boolean', value: '', help: 'a fresh conversation' },
};

const REQUESTS: Readonly<Record<string, OptionSpec>> = {
  method: { type: 'string', multiple: true, value: 'M', help: 'only this method (may be repeated)' },
  path: { type: 'string', value: 'PATH', help: 'only this path; "/v1/*": all below it' },
  private: { type: 'boolean', value: '', help: 'it may lie in your own network, or on this machine' },
};

/** Where several messages have one id. */
const WHICH: Readonly<Record<string, OptionSpec>> = {
  channel: { type: 'string', value: 'NAME', help: 'the channel that the message came by' },
  session: { type: 'string', value: 'ID', help: 'the session that it went to' },
};

const JSON_OUT: OptionSpec = { type: 'boolean', value: '', help: 'print one JSON object' };

function byLauncher(name: string, usage: string, summary: string, options: Command['options']): Command {
  return { name, usage, summary, options, takesWords: true, run: null };
}

export const COMMANDS: readonly Command[] = [
  byLauncher('up', 'up [options]', 'set up what is missing and run the host', {
    port: { type: 'string', value: 'N', help: 'the port of the page (0 = any free one; default 7788)' },
    host: { type: 'string', value: 'ADDRESS', help: 'its address (default 127.0.0.1; else with a password)' },
    sandbox: { type: 'string', value: 'KIND', help: 'auto, docker, bwrap, or none (development only)' },
    'no-open': { type: 'boolean', value: '', help: 'do not open the page in a browser' },
    yes: { type: 'boolean', value: '', help: 'install what is missing with sudo, unasked' },
  }),
  {
    name: 'chat',
    usage: 'chat [options]',
    summary: 'talk to an agent in this terminal',
    options: CONVERSATION,
    takesWords: false,
    run: chat,
  },
  {
    name: 'ask',
    usage: 'ask "TEXT" [options]',
    summary: 'send one message, print the reply (TEXT "-": from stdin)',
    options: {
      ...CONVERSATION,
      file: { type: 'string', multiple: true, value: 'PATH', help: 'send a file along (may be repeated)' },
      timeout: { type: 'string', value: 'SECONDS', help: 'how long to wait (default: 120)' },
      json: JSON_OUT,
    },
    takesWords: true,
    run: ask,
  },
  {
    name: 'link',
    usage: 'link',
    summary: 'a new link that signs a browser in to the page',
    options: {},
    takesWords: false,
    run: link,
  },
  {
    name: 'password',
    usage: 'password',
    summary: 'set the password of the page (typed, or from stdin)',
    options: {},
    takesWords: false,
    run: password,
  },
  {
    name: 'status',
    usage: 'status [options]',
    summary: 'what runs, what waits, and for what',
    options: { json: JSON_OUT },
    takesWords: false,
    run: status,
  },
  {
    name: 'model',
    usage: 'model [ACTION]',
    summary: 'the model: set [PROVIDER [MODEL]], list, test',
    options: {
      agent: { type: 'string', value: 'NAME', help: 'whose model (default: the first agent)' },
      key: { type: 'boolean', value: '', help: 'ask for a new key (it is not shown)' },
      'key-stdin': { type: 'boolean', value: '', help: 'read the key from stdin' },
      'base-url': { type: 'string', value: 'URL', help: "an address of your own (none: the provider's)" },
      json: JSON_OUT,
    },
    takesWords: true,
    run: model,
  },
  {
    name: 'usage',
    usage: 'usage [options]',
    summary: 'what the models used, and what it cost',
    options: {
      by: { type: 'string', value: 'WHAT', help: 'agent, session, task, day, model (default: agent)' },
      json: JSON_OUT,
    },
    takesWords: false,
    run: usage,
  },
  {
    name: 'hosts',
    usage: 'hosts [VERB]',
    summary: 'which hosts an agent may reach: allow HOST, remove HOST',
    options: {
      agent: { type: 'string', value: 'NAME', help: 'which agent (default: the first one)' },
      ...REQUESTS,
      json: JSON_OUT,
    },
    takesWords: true,
    run: hosts,
  },
  {
    name: 'packages',
    usage: 'packages [VERB]',
    summary: 'programs for an agent (Docker): add, remove, log',
    options: {
      agent: { type: 'string', value: 'NAME', help: 'which agent (default: the first one)' },
      apt: { type: 'string', multiple: true, value: 'NAME', help: 'a Debian package (may be repeated)' },
      npm: {
        type: 'string',
        multiple: true,
        value: 'NAME',
        help: 'an npm package, or NAME@1.2.3 (the same)',
      },
      json: JSON_OUT,
    },
    takesWords: true,
    run: packages,
  },
  {
    name: 'skills',
    usage: 'skills [VERB]',
    summary: 'instructions for certain work: list, on NAME, off NAME',
    options: {
      agent: { type: 'string', value: 'NAME', help: 'for which agent (default: the first one)' },
      json: JSON_OUT,
    },
    takesWords: true,
    run: skills,
  },
  {
    name: 'approvals',
    usage: 'approvals [VERB]',
    summary: 'what agents ask you for: allow ID, deny ID',
    options: {
      once: { type: 'boolean', value: '', help: 'with allow: this one time' },
      session: { type: 'boolean', value: '', help: 'with allow: in the conversation that asks' },
      always: { type: 'boolean', value: '', help: 'with allow: from now on, as ./bellhop hosts allow does' },
      json: JSON_OUT,
    },
    takesWords: true,
    run: approvals,
  },
  {
    name: 'secrets',
    usage: 'secrets [VERB]',
    summary: 'secrets agents use unseen: set, grant, revoke, rotate',
    options: {
      host: { type: 'string', value: 'NAME', help: 'for which host' },
      port: { type: 'string', value: 'N', help: 'its port (default: 443)' },
      as: { type: 'string', value: 'HOW', help: 'bearer, basic:USER, header:NAME or query:NAME' },
      agent: { type: 'string', value: 'NAME', help: 'for which agent (default: the first one)' },
      ...REQUESTS,
      json: JSON_OUT,
    },
    takesWords: true,
    run: secrets,
  },
  {
    name: 'budget',
    usage: 'budget [VERB]',
    summary: 'what models may cost: set AMOUNT|none, add AMOUNT, stop',
    options: {
      agent: { type: 'string', value: 'NAME', help: 'whose budget (default: the first agent)' },
      all: { type: 'boolean', value: '', help: 'of all agents together' },
      per: { type: 'string', value: 'PERIOD', help: 'session, hour, day or month (default: day)' },
      json: JSON_OUT,
    },
    takesWords: true,
    run: budget,
  },
  {
    name: 'stop',
    usage: 'stop',
    summary: 'stop the host cleanly',
    options: {},
    takesWords: false,
    run: stop,
  },
  {
    name: 'logs',
    usage: 'logs [options]',
    summary: 'what the host logged, in readable lines',
    options: {
      follow: {
        type: 'boolean',
        short: 'f',
        value: '',
        help: 'the last 20 lines, then new ones as they come',
      },
      lines: { type: 'string', short: 'n', value: 'N', help: 'only the last N lines' },
    },
    takesWords: false,
    run: logs,
  },
  {
    name: 'why',
    usage: 'why MESSAGE',
    summary: 'what became of a message: its id, its number, or last',
    options: {
      agent: { type: 'string', value: 'NAME', help: 'for a number: whose conversation' },
      thread: { type: 'string', value: 'NAME', help: 'for a number: which conversation (default: main)' },
      ...WHICH,
      chat: { type: 'string', value: 'ID', help: 'the chat that it was said in' },
      json: JSON_OUT,
    },
    takesWords: true,
    run: why,
  },
  {
    name: 'dead-letters',
    usage: 'dead-letters [VERB]',
    summary: 'failed for good: list, show ID, retry ID, discard ID',
    options: { ...WHICH, json: JSON_OUT },
    takesWords: true,
    run: deadLetters,
  },
  {
    name: 'sessions',
    usage: 'sessions [VERB]',
    summary: 'list them with disk use; release ID: back in service',
    options: {
      quarantined: { type: 'boolean', value: '', help: 'only those out of service' },
      json: JSON_OUT,
    },
    takesWords: true,
    run: sessions,
  },
  byLauncher('doctor', 'doctor', 'is all well? also tries to break out of a sandbox', {
    fix: { type: 'boolean', value: '', help: 'mend what can be mended safely, and say what' },
    sandbox: {
      type: 'string',
      value: 'KIND',
      help: 'docker or bwrap (that of the host that runs, else both)',
    },
    json: JSON_OUT,
  }),
  byLauncher('audit', 'audit [VERB]', 'what went out and what you changed: list, verify, export', {
    agent: { type: 'string', value: 'ID', help: 'only of this agent' },
    session: { type: 'string', value: 'ID', help: 'only of this session' },
    last: { type: 'string', value: 'N', help: 'how many rows (30)' },
    head: { type: 'string', value: 'N:HASH', help: 'verify: what it printed before' },
    json: JSON_OUT,
  }),
  byLauncher('test', 'test [PATTERN]', 'run every check and test, or the files that match', {}),
  byLauncher('bench', 'bench [NAME]', 'run the benchmarks', { json: JSON_OUT }),
  byLauncher('sim', 'sim', 'prove that no message is lost or said twice', {
    seed: { type: 'string', value: 'N', help: 'the first run; each is the same whenever it is run' },
    runs: { type: 'string', value: 'M', help: 'how many (200)' },
    json: JSON_OUT,
  }),
  byLauncher('torture', 'torture', 'kill host and runners, and count what was lost', {
    kills: { type: 'string', value: 'N', help: 'how many blows; at least 60' },
    seed: { type: 'string', value: 'N', help: 'which chances are taken' },
    sandbox: { type: 'string', value: 'KIND', help: 'bwrap or docker' },
    json: JSON_OUT,
  }),
  byLauncher('syscalls', 'syscalls [STEP]', 'die at every write to disk, and look if it mends', {
    every: { type: 'string', value: 'K', help: 'only at every K-th' },
    json: JSON_OUT,
  }),
];
