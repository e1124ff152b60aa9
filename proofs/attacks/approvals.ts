/** An owner's word, and whose it is: promise 23. */
import { type BrokenGuard, guardsOf } from './broken-guard.ts';

const HOST = 'packages/host/src';
const APPROVALS = `${HOST}/access/approvals.ts`;
const ACTION = `${HOST}/access/action.ts`;
const STORE = `${HOST}/store/approvals.ts`;
const GRANTS = `${HOST}/egress/policy/grants.ts`;

export const APPROVAL_GUARDS: readonly BrokenGuard[] = [
  ...guardsOf('a role, an approval, another agent, a command', [
    [
      'what is no message is said as one',
      `${HOST}/delivery/check.ts`,
      'if (!content) return {',
      'if (!content) return judgeText(session, row, { text: row.content, files: [] });\n    if (!content) return {',
    ],
  ]),
  ...guardsOf('arguments that were changed after the card was shown are not done', [
    [
      'the hash of what is done is not looked at',
      ACTION,
      'return hashOf(action) === sha256 ? (JSON.parse(action) as Action) : null;',
      'return sha256 ? (JSON.parse(action) as Action) : null;',
    ],
  ]),
  ...guardsOf('a double click in two tabs, with different words, counts once', [
    [
      'who comes second decides, too',
      STORE,
      "WHERE id = ? AND sha256 = ? AND state = 'asked' AND expires_ms > ?",
      'WHERE id = ? AND sha256 = ? AND expires_ms > ?',
    ],
  ]),
  ...guardsOf('nobody but the local owner decides', [
    [
      'anybody decides',
      APPROVALS,
      "if (!OWNERS.includes(by) || (await roleOf(sql, by)) !== 'owner') return { kind: 'forbidden' };",
      '',
    ],
  ]),
  ...guardsOf('an agent that is refused a host is given it by its owner alone', [
    [
      'a host needs no grant',
      GRANTS,
      'LIMIT 1`).get(session, agent, host, port) !== undefined;',
      "LIMIT 1`).get(session, agent, host, port) !== undefined || host !== '';",
    ],
  ]),
  ...guardsOf(
    'what is granted once passes once',
    [
      [
        'a grant is for all conversations',
        GRANTS,
        'WHERE is_over = 0 AND session = ? AND',
        'WHERE is_over = 0 AND ? IS NOT NULL AND',
      ],
    ],
    {
      file: 'packages/host/test/egress/policy/tunnel.test.ts',
      title: 'a grant holds for its session, agent, host and port alone',
    },
  ),
  ...guardsOf('a card is no question that a channel could answer', [
    ['a channel may answer it', APPROVALS, "options: '[]' });", `options: '["always","once",""]' });`],
  ]),
  ...guardsOf('kill -9 between each two lines of a decision', [
    [
      'what was decided is not done by the next host',
      APPROVALS,
      '    await this.#applyAll();\n    await this.#expire();\n',
      '    await this.#expire();\n',
    ],
    [
      'what was granted is granted again',
      GRANTS,
      '           ON CONFLICT DO NOTHING`,\n        )\n        .run(approval, session, agent, host, port, lasts,',
      '           ON CONFLICT DO UPDATE SET is_over = 0`,\n        )\n        .run(approval, session, agent, host, port, lasts,',
    ],
  ]),
  ...guardsOf('what is granted once passes once', [
    [
      'a grant for one is good for more',
      GRANTS,
      'UPDATE grants SET is_over = 1 WHERE is_over = 0 AND approval =',
      'UPDATE grants SET is_over = 0 WHERE is_over = 0 AND approval =',
    ],
  ]),
  ...guardsOf('asking a thousand times makes one card', [
    [
      'what is asked is asked again',
      APPROVALS,
      "if (last?.state === 'asked' || (last?.state === 'decided' && !last.applied)) return 'asked';",
      '',
    ],
    [
      'one conversation may ask without end',
      APPROVALS,
      "return (await records.countAsked(sql, session)) >= MAX_OPEN ? 'full' : null;",
      'return null;',
    ],
  ]),
];
