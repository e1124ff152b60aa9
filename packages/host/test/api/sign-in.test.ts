/** Ways in: the link that works once, the cookie, the password; and the ways that somebody else might try. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createCookies } from '../../src/api/sign-in/cookies.ts';
import { isSignedIn } from '../../src/store/sign-ins.ts';
import { COOKIE, openApiWorld } from './world.ts';

const SECRET = 'correct horse battery';
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

describe('the link', () => {
  test('signs in once and leads to the page', async (t) => {
    const { ask, links } = await openApiWorld(t);
    const entered = await ask(`/in/${links.issue(MINUTE_MS).token}`);
    assert.deepEqual([entered.status, entered.headers.location], [303, '/']);
    const cookie = String(entered.headers['set-cookie']).split(';')[0] ?? '';
    const page = await ask('/', { headers: { cookie } });
    assert.equal(page.status, 200);
    assert.match(page.text, /Stand-in/);
    assert.equal(page.headers['cache-control'], 'no-cache');
    assert.equal((await ask('/v1/conversations', { headers: { cookie } })).status, 200);
  });

  test('ATTACK: a link that was used, is too old, or was guessed opens nothing and says what to type', async (t) => {
    const { ask, links, clock } = await openApiWorld(t);
    const used = links.issue(MINUTE_MS).token;
    await ask(`/in/${used}`);
    const old = links.issue(MINUTE_MS).token;
    clock.advance(MINUTE_MS);
    for (const token of [used, old, 'x'.repeat(43), '', '%2e%2e', used.toUpperCase()]) {
      const got = await ask(`/in/${token}`);
      assert.equal(got.status, 401, token);
      assert.equal(got.headers['set-cookie'], undefined);
      assert.match(got.text, /<code>\.\/bellhop link<\/code>/);
    }
  });

  test('ATTACK: two browsers that open one link at the same moment are not both let in', async (t) => {
    const { ask, links } = await openApiWorld(t);
    const { token } = links.issue(MINUTE_MS);
    const both = await Promise.all([ask(`/in/${token}`), ask(`/in/${token}`)]);
    assert.deepEqual(both.map(({ status }) => status).sort(), [303, 401]);
  });

  test('is not used up by a browser that loads ahead of its person', async (t) => {
    const { ask, links } = await openApiWorld(t);
    const { token } = links.issue(MINUTE_MS);
    assert.equal(
      (await ask(`/in/${token}`, { headers: { 'sec-purpose': 'prefetch;prerender' } })).status,
      401,
    );
    assert.equal((await ask(`/in/${token}`)).status, 303);
  });

  test('of the owner works ten minutes, and only the newest hundred are kept', async (t) => {
    const { ask, clock, links, url } = await openApiWorld(t);
    const first = links.issue(DAY_MS).token;
    const made = await ask('/v1/links', { owner: true, method: 'POST', body: '{}' });
    assert.equal(made.status, 201);
    const link = made.json as { url: string; expiresAt: string };
    assert.ok(link.url.startsWith(`${url}in/`));
    assert.equal(Date.parse(link.expiresAt) - clock.now(), 10 * MINUTE_MS);
    for (let n = 0; n < 99; n += 1) links.issue(MINUTE_MS);
    assert.equal((await ask(`/in/${first}`)).status, 401);
    assert.equal((await ask(new URL(link.url).pathname)).status, 303);
  });
});

describe('the cookie', () => {
  test('without it the page says what to type, and the API is closed', async (t) => {
    const { ask, url } = await openApiWorld(t);
    const page = await ask('/');
    assert.equal(page.status, 401);
    assert.match(page.text, /<code>\.\/bellhop link<\/code>/);
    assert.doesNotMatch(page.text, /<script|<style|style=|password/);
    for (const [method, path] of [
      ['GET', '/v1/status'],
      ['GET', '/v1/conversations'],
      ['GET', '/v1/entries'],
      ['GET', '/v1/events'],
      ['GET', '/v1/entry-file?entry=1'],
      ['GET', '/v1/messages/m1'],
      ['GET', '/v1/openapi.json'],
      ['POST', '/v1/messages'],
      ['POST', '/v1/messages/m1/retry'],
      ['POST', '/v1/answers'],
      ['POST', '/v1/files'],
      ['POST', '/v1/turns/stop'],
      ['POST', '/v1/conversations/read'],
      ['POST', '/v1/sign-out'],
    ] as const) {
      const got = await ask(path, { method, headers: { origin: url.slice(0, -1) } });
      assert.deepEqual([got.status, got.error.code], [401, 'not_signed_in'], path);
      assert.match(got.error.hint, /\.\/bellhop link/);
    }
  });

  test('what only the owner may do is not to be had at the page, cookie or not', async (t) => {
    const { post, stopped } = await openApiWorld(t);
    for (const path of ['/v1/links', '/v1/password', '/v1/stop'])
      assert.equal((await post(path, { password: SECRET })).status, 404, path);
    assert.equal(stopped.asked, false);
  });

  test('ATTACK: a guessed, cut, empty or foreign cookie is none', async (t) => {
    const { ask, cookie, store, clock } = await openApiWorld(t);
    const other = (await createCookies(store, clock, 'other').signIn()).split(';')[0] ?? '';
    const token = cookie.split('=')[1] ?? '';
    for (const guess of [
      `${COOKIE}=${'A'.repeat(43)}`,
      `${COOKIE}=`,
      `${COOKIE}=${token.slice(0, -1)}`,
      `${COOKIE}=${token}x`,
      `x${COOKIE}=${token}`,
      `${COOKIE}x=${token}`,
      `${COOKIE}=' OR 1=1 --`,
      other,
    ]) {
      assert.equal((await ask('/v1/status', { headers: { cookie: guess } })).status, 401, guess);
    }
  });

  test('ATTACK: a cookie of our name that another program put before ours keeps nobody out, nor lets in', async (t) => {
    const { ask, cookie } = await openApiWorld(t);
    const tossed = `${COOKIE}=${'B'.repeat(43)}`;
    assert.equal((await ask('/v1/status', { headers: { cookie: `${tossed}; ${cookie}` } })).status, 200);
    assert.equal((await ask('/v1/status', { headers: { cookie: tossed } })).status, 401);
  });

  test('is kept as a hash, ends after 30 days, and with signing out', async (t) => {
    const { ask, own, cookie, store, clock } = await openApiWorld(t);
    const token = cookie.split('=')[1] ?? '';
    assert.equal(await isSignedIn(store.read, token, clock.now()), false);
    assert.ok(!JSON.stringify(await store.read.all('SELECT * FROM sign_ins')).includes(token));
    const out = await own('/v1/sign-out', { method: 'POST' });
    assert.equal(out.status, 204);
    assert.match(String(out.headers['set-cookie']), /Max-Age=0/);
    assert.equal((await ask('/v1/status', { headers: { cookie } })).status, 401);
  });

  test('ends after 30 days', async (t) => {
    const { own, clock } = await openApiWorld(t);
    clock.advance(30 * DAY_MS - 1);
    assert.equal((await own('/v1/status')).status, 200);
    clock.advance(1);
    assert.equal((await own('/v1/status')).status, 401);
  });
});

describe('the password', () => {
  const signIn = (world: Awaited<ReturnType<typeof openApiWorld>>, password: string) =>
    world.own('/v1/sign-in', {
      method: 'POST',
      body: JSON.stringify({ password }),
      headers: { cookie: 'none=1' },
    });

  test('signs in, and is kept as nothing from which it could be read', async (t) => {
    const world = await openApiWorld(t);
    assert.deepEqual((await signIn(world, SECRET)).error.code, 'no_password');
    const set = { owner: true, method: 'POST', body: JSON.stringify({ password: SECRET }) };
    assert.equal((await world.ask('/v1/password', set)).status, 204);
    const entered = await signIn(world, SECRET);
    assert.equal(entered.status, 204);
    const cookie = String(entered.headers['set-cookie']).split(';')[0] ?? '';
    assert.equal((await world.ask('/v1/status', { headers: { cookie } })).status, 200);
    const kept = JSON.stringify(
      await world.store.read.all("SELECT value FROM settings WHERE name = 'password'"),
    );
    assert.match(kept, /scrypt\$32768\$/);
    assert.ok(!kept.includes(SECRET));
  });

  test('a new one signs everybody out; a short one is refused', async (t) => {
    const world = await openApiWorld(t);
    await world.password.set(SECRET);
    assert.equal((await world.own('/v1/status')).status, 401);
    await assert.rejects(world.password.set('short'), { code: 'too_short' });
    assert.equal((await signIn(world, SECRET)).status, 204);
  });

  test('ATTACK: guessing is stopped after five wrong ones a minute, also when all come at once', async (t) => {
    const world = await openApiWorld(t);
    await world.password.set(SECRET);
    const guesses = await Promise.all(
      Array.from({ length: 8 }, (_, n) => signIn(world, `wrong password ${n}`)),
    );
    assert.deepEqual(guesses.map(({ status }) => status).sort(), [401, 401, 401, 401, 401, 429, 429, 429]);
    const late = await signIn(world, SECRET);
    assert.deepEqual([late.status, late.error.code], [429, 'too_many_tries']);
    assert.match(late.error.hint, /\.\/bellhop link/);
    // The owner's own way in stays open.
    assert.equal((await world.ask(`/in/${world.links.issue(1_000).token}`)).status, 303);
    world.clock.advance(MINUTE_MS);
    assert.equal((await signIn(world, SECRET)).status, 204);
  });

  test('the form of the plain page signs in without a script', async (t) => {
    const world = await openApiWorld(t);
    await world.password.set(SECRET);
    assert.match((await world.ask('/')).text, /<form method="post" action="\/v1\/sign-in">/);
    const form = (password: string) =>
      world.own('/v1/sign-in', {
        method: 'POST',
        body: new URLSearchParams({ password }).toString(),
        headers: { 'content-type': 'application/x-www-form-urlencoded', cookie: 'none=1' },
      });
    const wrong = await form('not this one at all');
    assert.equal(wrong.status, 401);
    assert.match(wrong.text, /not the password/);
    const entered = await form(SECRET);
    assert.deepEqual([entered.status, entered.headers.location], [303, '/']);
    assert.match(String(entered.headers['set-cookie']), /HttpOnly/);
    for (let n = 0; n < 4; n += 1) await form('wrong again and again');
    assert.equal((await form(SECRET)).status, 429);
  });
});

test('assets are packed for who takes it, and may be kept for ever', async (t) => {
  const { ask } = await openApiWorld(t);
  const packed = await ask('/assets/app-0123.js', { headers: { 'accept-encoding': 'br, gzip' } });
  const plain = await ask('/assets/app-0123.js');
  assert.equal(packed.headers['content-encoding'], 'gzip');
  assert.equal(plain.headers['content-encoding'], undefined);
  assert.ok(Number(packed.headers['content-length']) < Number(plain.headers['content-length']));
  assert.equal(plain.headers['content-type'], 'text/javascript; charset=utf-8');
  assert.equal(plain.headers['cache-control'], 'public, max-age=31536000, immutable');
});
