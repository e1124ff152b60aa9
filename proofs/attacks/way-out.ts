/** The way out of a sandbox: what it reaches, and what it is refused. Promises 6 to 10 and 14. */
import { type BrokenGuard, guardsOf } from './broken-guard.ts';

const EGRESS = 'packages/host/src/egress';
const RULES = `${EGRESS}/policy/rules.ts`;
const TUNNEL = `${EGRESS}/policy/tunnel.ts`;
const NAMES = `${EGRESS}/policy/host-names.ts`;
const ADDRESSES = `${EGRESS}/policy/addresses.ts`;
const JUDGE = `${EGRESS}/judge.ts`;
const REQUEST = `${EGRESS}/ending/judge-request.ts`;
const ENDER = `${EGRESS}/ending/ender.ts`;

const FIND = `'SELECT is_private FROM hosts WHERE agent = ? AND host = ? AND port = ?'`;

export const WAY_OUT: readonly BrokenGuard[] = [
  ...guardsOf('a host is reached by its name while its owner allows it, and then no more', [
    [
      'a rule that is removed stays',
      RULES,
      `this.#db.prepare('DELETE FROM hosts WHERE agent = ? AND host = ? AND port = ?').run(agent, host, port);`,
      `void [agent, host, port];`,
    ],
  ]),
  ...guardsOf('without a rule no host is reached, and no name is told to anybody', [
    [
      'who is in no rule is looked up and gone to',
      TUNNEL,
      'if (!rule && !deps.grants.isGood(owner, host, port)) return end(await deps.refusal(owner, wanted));',
      '',
    ],
  ]),
  ...guardsOf('the same host by other spellings, and others that look like it', [
    [
      'a rule is for all names',
      RULES,
      FIND,
      `'SELECT is_private FROM hosts WHERE agent = ? AND ? <> port AND port = ?'`,
    ],
    [
      'a rule is for all ports',
      RULES,
      FIND,
      `'SELECT is_private FROM hosts WHERE agent = ? AND host = ? AND port <> -?'`,
    ],
    [
      'a dot at the end is let go',
      NAMES,
      'const host = name.toLowerCase();',
      `const host = name.toLowerCase().replace(/\\.$/, '');`,
    ],
  ]),
  ...guardsOf('a redirect to a host that is not allowed, or leads inside', [
    [
      'who is in no rule is looked up and gone to',
      TUNNEL,
      'if (!rule && !deps.grants.isGood(owner, host, port)) return end(await deps.refusal(owner, wanted));',
      '',
    ],
  ]),
  ...guardsOf('names that lead into this machine, its networks, or to the keys of a cloud', [
    [
      'addresses are not judged',
      TUNNEL,
      'if (!mayGo(addresses, rule?.isPrivate === true)) return end(REFUSALS.badAddress);',
      '',
    ],
    [
      'one good face is enough',
      ADDRESSES,
      'addresses.every((address) => good(addressKind(address)))',
      'addresses.some((address) => good(addressKind(address)))',
    ],
    [
      'link-local addresses are private ones',
      ADDRESSES,
      "if (NEVER.check(address, family)) return 'never';",
      "if (NEVER.check(address, family)) return 'private';",
    ],
    [
      'what is mapped into IPv6 is not seen',
      ADDRESSES,
      "return OPEN_IPV6.check(address, family) ? 'public' : 'never';",
      "return 'public';",
    ],
  ]),
  ...guardsOf('a name that leads elsewhere a moment later: the judged address is gone to', [
    [
      'the name is looked up once more to connect',
      TUNNEL,
      'const to = addresses.map((address)',
      'const to = (await deps.resolve(wanted.host)).map((address)',
    ],
  ]),
  ...guardsOf('the judged address is gone to for the whole connection, and named once', [
    [
      'another address than the judged one is gone to',
      ENDER,
      'found(null, [...addresses])',
      "found(null, addresses.map(({ family }) => ({ address: '127.0.0.9', family })))",
    ],
  ]),
  ...guardsOf(
    'a hello that names another host than its CONNECT, or none; plain HTTP; words that are no TLS',
    [
      [
        'the name in the hello may be any',
        TUNNEL,
        'if (hello?.name.toLowerCase() !== wanted.host) {',
        'if (hello === null) {',
      ],
    ],
  ),
  ...guardsOf('two lengths, two framings, bad chunks, bare line feeds', [
    ['a lenient parser', `${EGRESS}/door.ts`, 'insecureHTTPParser: false,', 'insecureHTTPParser: true,'],
  ]),
  ...guardsOf('an upstream with a certificate that nobody vouches for gets no key', [
    [
      'certificates are not checked',
      `${EGRESS}/upstream.ts`,
      'https.request(url, { ...options, agent: tls })',
      'https.request(url, { ...options, agent: tls, rejectUnauthorized: false })',
    ],
  ]),
  ...guardsOf('forged names, other methods and paths, and plain HTTP carry no secret', [
    [
      'the Host header may name another host',
      REQUEST,
      ', named)) return refuse(ENDED.notThisHost);',
      ", named) && method === '') return refuse(ENDED.notThisHost);",
    ],
    [
      'any method and path of a granted host',
      REQUEST,
      'if (!way?.isWhole && found.length === 0)\n',
      'if (way === null)\n',
    ],
    [
      'an absolute address is taken for a path',
      `${EGRESS}/policy/paths.ts`,
      "return path === undefined || path.startsWith('//') ? null : { path, query };",
      "return { path: path ?? '/v1/me', query };",
    ],
  ]),
  ...guardsOf('a host without a valid certificate is sent nothing', [
    ['certificates are not checked', ENDER, 'rejectUnauthorized: true,', 'rejectUnauthorized: false,'],
  ]),
  ...guardsOf("a path that climbs, is escaped, doubled or somebody else's is refused", [
    [
      'any path of the endpoint',
      JUDGE,
      'one.method === method && one.path.test(path)',
      'one.method === method',
    ],
  ]),
  ...guardsOf('a path with dots, doubled slashes or escapes of them is in no rule but the one for all', [
    [
      'what can be read in two ways is matched',
      `${EGRESS}/policy/paths.ts`,
      '  if (!isPlain(path)) return false;\n',
      '',
    ],
  ]),
  ...guardsOf('a provider that searches for the agent', [
    [
      'tools that the provider runs pass',
      `${EGRESS}/usage/reach.ts`,
      'if (listOf(asked.tools).some((tool) => !isOwn(format, tool))) return true;',
      '',
    ],
  ]),
  ...guardsOf('while the way out cannot be opened no sandbox starts; then one does', [
    [
      'a sandbox starts without a way out',
      `${EGRESS}/process.ts`,
      `      if (error.code === 'budget_asked') throw new SandboxUnavailable(error.message, error.hint);
      throw new SandboxUnavailable(
        \`the way out of the sandbox cannot be opened: \${error.message}\`,
        error.hint,
      );
`,
      `      if (error.code === 'budget_asked') throw new SandboxUnavailable(error.message, error.hint);
`,
    ],
  ]),
  ...guardsOf('the egress process is killed under a request: it ends, and the next one is judged as before', [
    [
      'its next life opens them for another agent',
      `${EGRESS}/process.ts`,
      "this.#send('open', plan)",
      "this.#send('open', { ...plan, agent: 'other' })",
    ],
  ]),
];
