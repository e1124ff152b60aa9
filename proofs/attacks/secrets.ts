/** Keys, secrets, the audit and money: promises 11, 12, 24, 28 and those without a number. */
import { type BrokenGuard, guardsOf } from './broken-guard.ts';

const HOST = 'packages/host/src';
const EGRESS = `${HOST}/egress`;
const REQUEST = `${EGRESS}/ending/judge-request.ts`;
const ANSWER = `${EGRESS}/ending/judge-answer.ts`;
const PASS_ON = `${EGRESS}/ending/pass-on.ts`;
const CHAIN = `${EGRESS}/audit/chain.ts`;
const TRAIL = `${EGRESS}/audit/trail.ts`;
const LEDGER = `${EGRESS}/usage/ledger.ts`;
const VAULT = `${EGRESS}/vault.ts`;
const FORWARD = `${EGRESS}/forward.ts`;
const KILLED = 'kills between reserve and settle: each call that went out is charged, and in the audit';

const NOT_SCRUBBED = [
  'a host’s answer comes in as it is',
  PASS_ON,
  'answer.pipe(scrubbing(forms)).pipe(response);',
  'answer.pipe(response);',
] as const;

export const SECRETS: readonly BrokenGuard[] = [
  ...guardsOf('what sandboxes see holds none', [
    [
      'the authority’s key lies beside its certificate',
      `${EGRESS}/ending/authority.ts`,
      '[OURS, signed.cert],',
      '[OURS, signed.cert + signed.key],',
    ],
  ]),
  ...guardsOf('the canary is in no file, no log and no argument', [
    [
      'keys are arguments',
      `${EGRESS}/process.ts`,
      'const config = JSON.stringify({ dataDir: folders.dataDir, user: folders.user });',
      'const config = JSON.stringify({ dataDir: folders.dataDir, user: folders.user, ...env });',
    ],
  ]),
  ...guardsOf('the secret is looked for everywhere and found nowhere', [NOT_SCRUBBED]),
  ...guardsOf('a secret is placed in the granted request, and its echo does not bring it in', [NOT_SCRUBBED]),
  ...guardsOf('a value among the arguments is refused, is not repeated and goes nowhere', [
    ['a value may be an argument', 'packages/cli/src/secrets.ts', '  refuseValue(parsed);\n', ''],
  ]),
  {
    row: 'reading secrets of the host from the environment',
    broken: 'the environment is the host’s (two guards, as each stands behind the other)',
    edits: [
      {
        file: `${HOST}/sandboxes/arguments.ts`,
        from: "const argv = ['--clearenv', '--setenv',",
        to: "const argv = ['--setenv',",
      },
      {
        file: `${HOST}/sandboxes/bwrap.ts`,
        from: 'const env = { PATH: SYSTEM_PATH };',
        to: 'const env = { ...process.env, PATH: SYSTEM_PATH };',
      },
    ],
    only: 'bwrap',
  },
  ...guardsOf('reading secrets of the host from the environment', [
    [
      'the environment is the host’s',
      `${HOST}/sandboxes/docker/arguments.ts`,
      'Object.entries(sandboxEnvironment(env, plan.timeZone))',
      'Object.entries({ ...process.env, ...sandboxEnvironment(env, plan.timeZone) })',
      'docker',
    ],
  ]),
  ...guardsOf('an endpoint that echoes the key in body and headers gives it to nobody', [
    [
      'the endpoint’s answer comes in as it is',
      `${EGRESS}/attempt.ts`,
      'createScrubber(key === null ? [] : formsOf(key, []))',
      'createScrubber([])',
    ],
  ]),
  ...guardsOf('another path, method, port or agent carries no secret and does not pass', [
    [
      'any method and path of a granted host',
      REQUEST,
      'if (!way?.isWhole && found.length === 0)\n',
      'if (way === null)\n',
    ],
  ]),
  ...guardsOf('an own header or parameter in the place of the secret goes to nobody', [
    [
      'what stands in a secret’s place is passed on',
      REQUEST,
      'const clean = withoutPlaces(guarded, passing(headers), target.query);',
      'const clean = { headers: passing(headers), query: target.query };',
    ],
  ]),
  ...guardsOf('a redirect is not followed here, and the next request is judged anew', [
    [
      'what a host says in its headers comes in as it is',
      ANSWER,
      'values.map((value) => blank(value, forms))',
      'values',
    ],
  ]),
  ...guardsOf("another session's socket, the vault, the audit and the store are not there", [
    [
      'its files are for all of this machine',
      `${EGRESS}/main.ts`,
      'process.umask(0o077);',
      'process.umask(0o022);',
    ],
  ]),
  ...guardsOf('nothing arrives before its row is in the audit; no body is in it, and the chain is whole', [
    [
      'a tunnel has no row',
      `${EGRESS}/policy/tunnel.ts`,
      "  const off = trail.passing('tunnel', asked);\n  if (off) return end(off);\n",
      '',
    ],
    [
      'rows are not chained to those before',
      TRAIL,
      'const row = rowAfter(this.#head, entry, this.#nowMs());',
      "const row = rowAfter({ n: this.#head.n, hash: '' }, entry, this.#nowMs());",
    ],
  ]),
  ...guardsOf('an audit that cannot be written any more lets nothing out', [
    [
      'what has no row goes out',
      `${EGRESS}/audit/door-trail.ts`,
      'return written(() => deps.append(row)) ? null : REFUSALS.noAudit;',
      'written(() => deps.append(row));\n      return null;',
    ],
  ]),
  ...guardsOf('any one field of any one row is changed', [
    [
      'what a row says is not looked at',
      CHAIN,
      "return hashOf(row) === row.hash ? null : 'it was changed';",
      'return null;',
    ],
  ]),
  ...guardsOf(
    'any one field of any one row is changed',
    [
      [
        'the row before is not looked at',
        CHAIN,
        "if (row.prev !== head.hash) return 'the row before it is not the one that it was written behind';",
        '',
      ],
    ],
    {
      file: 'packages/host/test/egress/audit.test.ts',
      title: 'a row is changed and hashed anew: the one behind it gives it away',
    },
  ),
  {
    row: "bytes in another's place open nothing",
    broken: 'a name is not part of what is sealed, nor looked at when it is opened',
    edits: [
      {
        file: VAULT,
        from: 'createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(name));',
        to: 'createCipheriv(CIPHER, key, nonce);',
      },
      { file: VAULT, from: 'decipher.setAAD(Buffer.from(name)).setAuthTag', to: 'decipher.setAuthTag' },
    ],
  },
  ...guardsOf('a rotation that is cut off anywhere leaves a vault that opens', [
    ['a rotation that was cut off is not finished', VAULT, "if (use === 'own') this.#finishRotation();", ''],
    [
      'the next key takes the place of one that is in use',
      VAULT,
      'if (isInUse) moveDurably(',
      'if (!isInUse) moveDurably(',
    ],
  ]),
  ...guardsOf('in a text, an edit, a question', [
    [
      'every host may be told anything',
      `${HOST}/delivery/check.ts`,
      'const strict = guardLinks(text, () => false);',
      'const strict = guardLinks(text, () => true);',
    ],
  ]),
  ...guardsOf('twenty calls at once pass a budget for five no more than five times', [
    [
      'a budget is looked at without what is under way',
      LEDGER,
      '      this.#budgets.charge(places, call.reserveMicros);\n',
      '',
    ],
  ]),
  ...guardsOf(KILLED, [
    ['nothing is reserved', LEDGER, '          call.reserveMicros,\n        );', '          0,\n        );'],
    [
      'a request has no row',
      FORWARD,
      "const off = deps.trail.passing('request', targetWords(verdict));",
      'const off = null as Refusal | null;',
    ],
  ]),
];
