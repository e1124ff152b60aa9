/** Promises 10 to 12 from inside a real sandbox: a secret works where it is granted, and is seen nowhere. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { Ending } from '../../../packages/host/test/temp-folder.ts';
import { type EchoHost, openEchoHost } from '../house/echo-host.ts';
import { containerHolds } from '../house/engine.ts';
import { type Inside, openInside } from '../house/inside.ts';
import { missing, type SandboxKind } from '../house/machine.ts';
import { sharedWorld } from '../house/shared-world.ts';

const SECRET = 'canary/secret+0123456789';
/** As any client goes, but for NO_PROXY, which holds our test's host. */
const PROXIED = 'export NO_PROXY= no_proxy=;';
const CURL = `${PROXIED} curl -s -i --max-time 20`;

interface BesideEcho extends Inside {
  readonly host: EchoHost;
  /** No secret and no rule is left of before, and what was seen is forgotten. */
  startAnew(): Promise<void>;
}

async function openBesideEcho(t: Ending, sandbox: SandboxKind): Promise<BesideEcho> {
  const dir = mkdtempSync(join(tmpdir(), 'bh-ca-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const host = await openEchoHost(t, dir);
  const { answer } = host;
  const inside = await openInside(t, sandbox, { env: host.env });
  return {
    ...inside,
    host,
    async startAnew() {
      await inside.house.bellhop(['secrets', 'remove', 'github']);
      await inside.house.bellhop(['hosts', 'remove', host.at]);
      host.seen.length = 0;
      host.answer = answer;
    },
  };
}

export function secretsSuite(sandbox: SandboxKind): void {
  describe(`secrets of the owner, ${sandbox}`, { skip: missing[sandbox] }, () => {
    const opened = sharedWorld((t) => openBesideEcho(t, sandbox));
    const within = (body: (world: BesideEcho, t: TestContext) => Promise<void>) => async (t: TestContext) => {
      const world = await opened();
      await world.startAnew();
      await body(world, t);
    };

    test(
      `promise 12: ${sandbox}: a secret is placed in the granted request, and its echo does not bring it in`,
      within(async ({ host, run, bellhop }) => {
        const set = await bellhop(['secrets', 'set', 'github'], `${SECRET}\n`);
        assert.match(set, /^github {2}set \d{4}.*used never\n {2}granted for nothing\n$/);
        const to = ['--host', host.at, '--method', 'GET', '--path', '/v1/*', '--private'];
        const granted = await bellhop(['secrets', 'grant', 'github', '--as', 'bearer', ...to]);
        assert.match(granted, new RegExp(`bell: ${host.at} GET /v1/\\* as bearer`));
        const [got = '', other = ''] = await run(
          'main',
          `${CURL} https://${host.at}/v1/me`,
          `${CURL} https://${host.at}/v2/me`,
        );
        assert.match(got, /HTTP\/1\.1 200 OK[\s\S]*"url":"\/v1\/me"/);
        assert.match(got, /"authorization":"Bearer \*{24}"/);
        assert.match(other, /403 Forbidden[\s\S]*method and path are not allowed/);
        assert.deepEqual(
          host.seen.map(({ url, headers }) => [url, headers.authorization]),
          [['/v1/me', `Bearer ${SECRET}`]],
        );
        assert.match(await bellhop(['secrets']), /used \d{4}/);
      }),
    );

    test(
      `promises 8 to 12: attack: ${sandbox}: forged names, other methods and paths, and plain HTTP carry no secret`,
      within(async ({ host, run, bellhop }) => {
        await bellhop(['secrets', 'set', 'github'], `${SECRET}\n`);
        const to = ['--host', host.at, '--method', 'GET', '--path', '/v1/*', '--private'];
        await bellhop(['secrets', 'grant', 'github', '--as', 'bearer', ...to]);
        const at = `https://${host.at}`;
        const said = await run(
          'main',
          `${CURL} -X POST ${at}/v1/me`,
          `${CURL} ${at}/v2/me`,
          `${CURL} --path-as-is ${at}/v1/../v2/me`,
          `${CURL} --path-as-is ${at}/v1/%2e%2e/v2/me`,
          `${CURL} -H 'Host: evil.example' ${at}/v1/me`,
          `${CURL} -k --connect-to evil.example:443:${host.at} https://evil.example/v1/me`,
          `${CURL} --request-target https://evil.example/v1/me ${at}/v1/me`,
          `${CURL} -H 'Connection: upgrade' -H 'Upgrade: websocket' ${at}/v1/me`,
          `${CURL} http://${host.at}/v1/me`,
          // Not by the proxy: there is no other way.
          `curl -sk --noproxy '*' --max-time 5 ${at}/v1/me; echo code $?`,
        );
        for (const n of [0, 1, 2, 3, 8]) assert.match(said[n] ?? '', /HTTP\/1\.1 403 /, `command ${n}`);
        assert.match(said[4] ?? '', /HTTP\/1\.1 421 /);
        for (const n of [6, 7]) assert.match(said[n] ?? '', /HTTP\/1\.1 400 /, `command ${n}`);
        // Its hello says another name than CONNECT: cut off without a word.
        assert.doesNotMatch(said[5] ?? '', /HTTP\/1\.1 (?!200 Connection)/);
        assert.match(said[9] ?? '', /code 7/);
        assert.equal(host.seen.length, 0);
        const [own = ''] = await run('main', `${CURL} -H 'Authorization: Bearer mine' ${at}/v1/me`);
        assert.match(own, /200 OK/);
        assert.equal(host.seen[0]?.headers.authorization, `Bearer ${SECRET}`);

        await bellhop(['secrets', 'revoke', 'github', '--host', host.at]);
        assert.match((await run('main', `${CURL} ${at}/v1/me`))[0] ?? '', /403/);
        assert.equal(host.seen.length, 1);
      }),
    );

    test(
      `promise 11: attack: ${sandbox}: the secret is looked for everywhere and found nowhere`,
      within(async ({ house, host, model, run, bellhop }) => {
        await bellhop(['secrets', 'set', 'github'], `${SECRET}\n`);
        const to = ['--host', host.at, '--private'];
        await bellhop(['secrets', 'grant', 'github', '--as', 'basic:me', '--path', '/basic/*', ...to]);
        await bellhop(['secrets', 'grant', 'github', '--as', 'query:key', '--path', '/query/*', ...to]);
        host.answer = ({ url, headers }, response) => {
          const echo = `${url} ${headers.authorization} ${SECRET}`;
          response.writeHead(url.includes('moved') ? 302 : 500, {
            'x-echo': echo,
            location: `/else?was=${SECRET}`,
          });
          response.end(echo);
        };
        const events = await house.api.events('main');
        const said = await run(
          'main',
          ...['/basic/a', '/query/a', '/query/moved'].map((path) => `${CURL} https://${host.at}${path}`),
          `${PROXIED} curl -s -L --max-time 20 https://${host.at}/basic/moved`,
          'cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr "\\0" "\\n" | grep -cE "^.*c[a]nary.secret"',
          // Where a sandbox can write, and what the host shows it.
          'grep -raE "c[a]nary.secret|bWU6Y[2]FuYXJ5" /tmp /run /workspace /dev/shm /etc /bellhop 2>/dev/null | head -c 300; echo end',
        );
        assert.equal(host.seen.length, 4);
        assert.deepEqual(said.slice(4), ['0', 'end']);
        const told = JSON.stringify([said, events.seen, model.requests]);
        events.close();
        const forms = [SECRET, encodeURIComponent(SECRET), btoa(`me:${SECRET}`), btoa(SECRET)];
        const found = (bytes: Buffer | string) => forms.filter((form) => bytes.includes(form));
        // The same search finds it where it belongs.
        assert.ok(found(JSON.stringify(host.seen)).length >= 2);
        assert.deepEqual(found(told), []);
        for (const file of filesBelow(house.data)) assert.deepEqual(found(readFileSync(file)), [], file);
        for (const { path, bytes } of processes()) assert.deepEqual(found(bytes), [], path);
        // What the container has beside its image, and how both were made.
        if (sandbox === 'docker')
          assert.deepEqual(await containerHolds(house.records.installId(), SECRET), []);
      }),
    );

    test(
      `promise 14: attack: ${sandbox}: the egress process is killed under a request: it ends, and the next one is judged as before`,
      within(async ({ house, host, run, bellhop }) => {
        await bellhop(['secrets', 'set', 'github'], `${SECRET}\n`);
        const to = ['--host', host.at, '--path', '/v1/*', '--private'];
        await bellhop(['secrets', 'grant', 'github', '--as', 'header:X-Api-Key', ...to]);
        host.answer = (asked, response) => {
          if (asked.url === '/v1/deadly') process.kill(egressOf(house.data), 'SIGKILL');
          else response.end('pong');
        };
        const at = `https://${host.at}`;
        const [cut = '', refused = '', again = ''] = await run(
          'main',
          `${CURL} ${at}/v1/deadly; echo code $?`,
          `${CURL} --retry 8 --retry-all-errors --retry-delay 1 ${at}/v2/me; echo code $?`,
          `${CURL} ${at}/v1/me`,
        );
        assert.match(cut, /code [1-9]/);
        assert.doesNotMatch(cut, /pong/);
        assert.match(refused, /403 Forbidden/);
        assert.match(again, /pong/);
        assert.deepEqual(
          host.seen.map(({ url, headers }) => [url, headers['x-api-key']]),
          ['/v1/deadly', '/v1/me'].map((url) => [url, SECRET]),
        );
      }),
    );

    test(
      `${sandbox}: curl, git, npm, pip, Node and Python go through by the usual variables and trust it`,
      within(async ({ host, run, bellhop }, t) => {
        await bellhop(['hosts', 'allow', host.at, '--method', 'GET', '--path', '/c/*', '--private']);
        host.answer = ({ url }, response) => {
          const said = SAYS.find(([end]) => url.split('?')[0]?.endsWith(end))?.[1] ?? 'pong';
          response.setHeader('content-type', url.includes('simple') ? 'text/html' : 'application/json');
          response.end(said);
        };
        const at = `https://${host.at}/c`;
        const all = await run('main', ...CLIENTS.map(([program, words]) => ifThere(program, words(at))));
        for (const [n, [program, , expected]] of CLIENTS.entries()) {
          if (all[n]?.includes('not in this sandbox')) t.diagnostic(`${program} is not in this sandbox`);
          else assert.match(all[n] ?? '', expected, `${program}: ${all[n]}`);
        }
        assert.match(all[0] ?? '', /pong/);
        assert.ok(host.seen.every(({ url }) => url.startsWith('/c/')));
      }),
    );
  });
}

function egressOf(data: string): number {
  const found = processes().find(
    ({ path, bytes }) => path.endsWith('cmdline') && bytes.includes(`egress/main.ts\0{"dataDir":"${data}"`),
  );
  return Number(found?.path.split('/')[2]);
}

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Arguments and environment of all that run, as far as they are ours to read. */
function processes(): { readonly path: string; readonly bytes: Buffer }[] {
  const paths = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => [`/proc/${pid}/environ`, `/proc/${pid}/cmdline`]);
  return paths.flatMap((path) => {
    try {
      return [{ path, bytes: readFileSync(path) }];
    } catch (gone) {
      // It has ended, or is another's.
      if (gone instanceof Error) return [];
      throw gone;
    }
  });
}

/** What the host says, by the end of the path. */
const SAYS: readonly (readonly [string, string])[] = [
  ['/info/refs', `${'1'.repeat(40)}\trefs/heads/main\n`],
  ['/HEAD', 'ref: refs/heads/main\n'],
  [
    '/tiny',
    '{"name":"tiny","dist-tags":{"latest":"1.2.3"},"versions":{"1.2.3":{"name":"tiny","version":"1.2.3"}}}',
  ],
  ['/simple/tiny/', '<a href="/c/tiny-4.5.6.tar.gz">tiny-4.5.6.tar.gz</a>'],
];

/** Each with what it does, given the host, and what it then says. */
const CLIENTS: readonly (readonly [string, (at: string) => string, RegExp])[] = [
  ['curl', (at) => `curl -s ${at}/x`, /pong/],
  ['git', (at) => `git ls-remote ${at}/repo.git`, /refs\/heads\/main/],
  ['npm', (at) => `npm view tiny version --registry ${at}/ --cache /tmp/npm --fetch-retries 0`, /1\.2\.3/],
  ['pip', (at) => `pip index versions tiny --index-url ${at}/simple/ --disable-pip-version-check`, /4\.5\.6/],
  ['python3', (at) => `python3 -c 'import urllib.request as u; print(u.urlopen("${at}/x").read())'`, /pong/],
  [
    '/bellhop/node',
    (at) => `/bellhop/node -e 'fetch("${at}/x").then((r) => r.text()).then(console.log)'`,
    /pong/,
  ],
];

function ifThere(program: string, words: string): string {
  return `${PROXIED} if command -v ${program} >/dev/null; then ${words} 2>&1; else echo not in this sandbox; fi`;
}
