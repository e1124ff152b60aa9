/**
 * What other sites, other programs and other machines may try on the page's listener. Each attack stands beside the
 * request of our own page that gets through, so that nothing here passes by refusing everything.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { until } from '../until.ts';
import { COOKIE, openApiWorld } from './world.ts';

/** Stands for the page's own origin, whose port is not known before. */
const OURS = 'ours';
const MESSAGE = { id: 'm1', text: 'hello' };

describe('which host is asked for', () => {
  test('ATTACK: DNS rebinding, a page elsewhere whose name points here, gets nothing, signed in or not', async (t) => {
    const { ask, cookie, page } = await openApiWorld(t);
    for (const host of [
      `evil.example:${page.port}`,
      'evil.example',
      `127.0.0.1.evil.example:${page.port}`,
      `127.0.0.1:${page.port}.evil.example`,
      `localhost:${page.port + 1}`,
      '127.0.0.1',
      `bell.example.evil:${page.port}`,
      `169.254.169.254:${page.port}`,
    ]) {
      for (const path of ['/', '/v1/status', '/assets/app-0123.js', '/in/x', '/nothing']) {
        const got = await ask(path, { headers: { host, cookie } });
        assert.deepEqual([got.status, got.error.code], [421, 'wrong_host'], `${host} ${path}`);
      }
    }
  });

  test('our own names, and those of settings.json, are let in', async (t) => {
    const { ask, cookie, page } = await openApiWorld(t);
    for (const host of [
      `127.0.0.1:${page.port}`,
      `localhost:${page.port}`,
      `LocalHost:${page.port}`,
      `[::1]:${page.port}`,
      'bell.example',
      `bell.example:${page.port}`,
    ]) {
      assert.equal((await ask('/v1/status', { headers: { host, cookie } })).status, 200, host);
    }
  });
});

describe('who asks for a change', () => {
  const origins: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['CSRF by a form of another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['CSRF by a sandboxed form, whose origin is null', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
    ['CSRF by fetch with no-cors', { origin: 'http://evil.example' }],
    [
      'CSRF by another program on this machine',
      { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' },
    ],
    ['CSRF by an old browser that says no origin', {}],
    ['CSRF that says no origin but same-site', { 'sec-fetch-site': 'same-site' }],
    ['CSRF from a host that begins like ours', { origin: 'http://127.0.0.1.evil.example' }],
    [
      'CSRF with our origin made up, which Sec-Fetch-Site gives away',
      { origin: OURS, 'sec-fetch-site': 'cross-site' },
    ],
  ];
  for (const [attack, headers] of origins) {
    test(`ATTACK: ${attack} changes nothing`, async (t) => {
      const { ask, cookie, store, url } = await openApiWorld(t);
      const origin: Record<string, string> = headers.origin === OURS ? { origin: url.slice(0, -1) } : {};
      for (const path of [
        '/v1/messages',
        '/v1/files?name=a',
        '/v1/turns/stop',
        '/v1/sign-in',
        '/v1/sign-out',
      ]) {
        const body = JSON.stringify(MESSAGE);
        const got = await ask(path, { method: 'POST', headers: { cookie, ...headers, ...origin }, body });
        assert.deepEqual([got.status, got.error.code], [403, 'cross_site'], path);
        assert.equal(got.headers['access-control-allow-origin'], undefined);
      }
      assert.deepEqual(await store.read.all('SELECT id FROM events'), []);
    });
  }

  test('our own page is let in, by Origin or by Sec-Fetch-Site alone', async (t) => {
    const { ask, cookie, url } = await openApiWorld(t);
    const ways: Record<string, string>[] = [
      { origin: url.slice(0, -1) },
      { 'sec-fetch-site': 'same-origin' },
    ];
    for (const [n, headers] of ways.entries()) {
      const body = JSON.stringify({ ...MESSAGE, id: `m${n}` });
      const got = await ask('/v1/messages', { method: 'POST', headers: { cookie, ...headers }, body });
      assert.equal(got.status, 202);
    }
  });

  test('ATTACK: a preflight for another site is not answered as it hopes', async (t) => {
    const { ask, cookie } = await openApiWorld(t);
    const headers = { cookie, origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    const got = await ask('/v1/messages', { method: 'OPTIONS', headers });
    assert.equal(got.status, 403);
    assert.equal(got.headers['access-control-allow-origin'], undefined);
  });

  test('ATTACK: another site opens the stream, or reads the API, with the cookie of the person', async (t) => {
    const { ask, cookie } = await openApiWorld(t);
    for (const site of ['cross-site', 'same-site']) {
      for (const path of ['/v1/entries', '/v1/conversations', '/v1/entry-file?entry=1', '/v1/events']) {
        const got = await ask(path, { headers: { cookie, 'sec-fetch-site': site } });
        assert.deepEqual([got.status, got.error.code], [403, 'cross_site'], path);
      }
    }
    for (const site of ['same-origin', 'none']) {
      assert.equal((await ask('/v1/entries', { headers: { cookie, 'sec-fetch-site': site } })).status, 200);
    }
  });
});

describe('what an address may say', () => {
  test('ATTACK: path tricks below /assets reach no other file', async (t) => {
    const { ask, dir } = await openApiWorld(t);
    writeFileSync(join(dir, 'site', 'secret.js'), 'secret');
    for (const path of [
      '/assets/../index.html',
      '/assets/..%2findex.html',
      '/assets/..%2fsecret.js',
      '/assets/%2e%2e/secret.js',
      '/assets/..\\secret.js',
      '/assets/%00app-0123.js',
      '/assets/app-0123.js%00',
      '/assets/./app-0123.js',
      '/assets//app-0123.js',
      '/assets/app-0123.js/',
      '/assets/app-0123.js.gz',
      '/assets/',
      '/assets/constructor',
      '/assets/__proto__',
      '/secret.js',
      '/../site/secret.js',
      '/index.html',
    ]) {
      const got = await ask(path);
      assert.equal(got.status, 404, path);
      assert.ok(!got.text.includes('secret') || got.text.includes('error'), path);
    }
    assert.equal((await ask('/assets/app-0123.js')).status, 200);
  });

  test('ATTACK: addresses that are none lead nowhere, and never off this host', async (t) => {
    const { ask, cookie } = await openApiWorld(t);
    for (const path of [
      '//evil.example',
      '//evil.example/..',
      '/\\evil.example',
      '/in//',
      'http://evil.example/',
    ]) {
      const got = await ask(path, { headers: { cookie } });
      assert.equal(got.status, 404, path);
      assert.equal(got.headers.location, undefined);
    }
    assert.equal((await ask('/v1/messages/%ff', { headers: { cookie } })).status, 400);
  });

  test('ATTACK: oversized headers, address and bodies are refused', async (t) => {
    const { ask, own } = await openApiWorld(t);
    assert.equal((await ask('/', { headers: { 'x-much': 'x'.repeat(20_000) } })).status, 431);
    assert.equal((await ask(`/${'x'.repeat(20_000)}`)).status, 431);
    const bodies = [
      ['/v1/messages', 256 * 1024 * 6 + 5_000],
      ['/v1/answers', 5_000],
      ['/v1/conversations/read', 5_000],
      ['/v1/turns/stop', 5_000],
      ['/v1/sign-in', 5_000],
    ] as const;
    for (const [path, size] of bodies) {
      const got = await own(path, { method: 'POST', body: 'x'.repeat(size) });
      assert.equal(got.status, 413, path);
      assert.ok(got.error.hint.length > 0);
    }
  });

  test('ATTACK: a client that sends its headers or its body drop by drop is cut off in time', async (t) => {
    const limits = { headersMs: 50, requestMs: 100, checkMs: 10, connections: 10 };
    const { page, cookie, url } = await openApiWorld(t, limits);
    const head = `POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1:${page.port}\r\nOrigin: ${url.slice(0, -1)}\r\nCookie: ${cookie}\r\n`;
    for (const begun of ['GET / HT', head, `${head}Content-Length: 100\r\n\r\n{`]) {
      const socket = connect(page.port, '127.0.0.1');
      const answer = { text: '' };
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        answer.text += chunk;
      });
      socket.write(begun);
      await once(socket, 'close');
      assert.match(answer.text, /^HTTP\/1\.1 408 /);
    }
  });

  test('ATTACK: more connections than the limit are not held', async (t) => {
    const limits = { headersMs: 10_000, requestMs: 10_000, checkMs: 1_000, connections: 2 };
    const { page } = await openApiWorld(t, limits);
    const sockets = [0, 1, 2].map(() => connect(page.port, '127.0.0.1'));
    t.after(() => {
      for (const socket of sockets) socket.destroy();
    });
    for (const socket of sockets) socket.on('error', () => undefined);
    await until('one too many is closed', () =>
      sockets.some((socket) => socket.destroyed || socket.readableEnded),
    );
  });
});

describe('what an answer gives away', () => {
  test('each answer carries the policy, is in nobody’s frame and says no more than it must', async (t) => {
    const { ask, own, links } = await openApiWorld(t);
    const answers = [
      await ask('/'),
      await own('/'),
      await ask('/assets/app-0123.js'),
      await ask('/plain.css'),
      await ask('/in/wrong'),
      await ask(`/in/${links.issue(1_000).token}`),
      await ask('/v1/status'),
      await own('/v1/status'),
      await own('/v1/entries'),
      await ask('/nothing'),
      await ask('/', { headers: { host: 'evil.example' } }),
    ];
    for (const { headers, status } of answers) {
      const policy = String(headers['content-security-policy']);
      assert.match(policy, /default-src 'none'/, String(status));
      assert.match(policy, /frame-ancestors 'none'/);
      assert.ok(!policy.includes('unsafe'), policy);
      assert.equal(headers['referrer-policy'], 'same-origin');
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
    }
  });

  test('no error holds a stack, a path of this machine or the words of a fault', async (t) => {
    const { own, store, log, dir } = await openApiWorld(t);
    await store.transaction((sql) => sql.run('ALTER TABLE conversations RENAME TO gone'));
    const broken = await own('/v1/conversations');
    assert.deepEqual([broken.status, broken.error.code], [500, 'internal']);
    for (const path of ['/v1/nothing', '/v1/messages/m', '/v1/entry-file?entry=1', '/v1/entries?before=x']) {
      const got = await own(path);
      assert.ok(got.status >= 400);
      assert.ok(got.error.code && got.error.message && got.error.hint, got.text);
      assert.ok(!`${got.text}${broken.text}`.includes(dir));
      assert.doesNotMatch(`${got.text}${broken.text}`, /\bat .+:\d+|no such table|node:/);
    }
    assert.match(log.errors.join(), /request failed/);
  });

  test('the page is told no path of this machine, not in the status either', async (t) => {
    const { own, web, dir } = await openApiWorld(t);
    const files = [{ name: 'a.txt', path: join(dir, 'files/a.txt'), size: 1 }];
    const content = { kind: 'text', text: 'here', files, notice: false } as const;
    await web.log.append({ chat: 'local:bell', thread: 'main', id: 'e1', replyTo: null, content });
    for (const path of ['/v1/status', '/v1/entries', '/v1/conversations']) {
      assert.ok(!(await own(path)).text.includes(dir), path);
    }
  });

  test('nothing of a link stands in the log, whatever becomes of the request', async (t) => {
    const { ask, links, log, store } = await openApiWorld(t);
    const { token } = links.issue(1_000);
    await store.transaction((sql) => sql.run('DROP TABLE sign_ins'));
    assert.equal((await ask(`/in/${token}`)).status, 500);
    assert.match(JSON.stringify(log.lines), /request failed/);
    assert.ok(!JSON.stringify(log.lines).includes(token));
  });

  test('the cookie can be read by no script, and leaves with no request of another site', async (t) => {
    const { ask, links } = await openApiWorld(t);
    const set = String((await ask(`/in/${links.issue(1_000).token}`)).headers['set-cookie']);
    assert.match(
      set,
      new RegExp(`^${COOKIE}=[\\w-]{43}; HttpOnly; SameSite=Strict; Path=/; Max-Age=2592000$`),
    );
  });
});
