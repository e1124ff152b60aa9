/** web_fetch goes through the proxy or not at all, and gives the proxy's own words for a refusal. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Place, TurnTools } from '../../src/harness.ts';
import { htmlToText } from '../../src/harnesses/light/tools/html.ts';
import { webFetch } from '../../src/harnesses/light/tools/web-fetch.ts';

const REFUSED = JSON.stringify({ error: { code: 'not_allowed', message: 'Not allowed.', hint: 'Ask.' } });

/** A proxy that answers by itself; what it is asked for never exists. */
async function proxy(t: TestContext, answer: RequestListener) {
  const server = createServer(answer);
  server.on('connect', (_request, socket) => {
    const head = `HTTP/1.1 403 No\r\ncontent-length: ${REFUSED.length}\r\nx-bellhop-error: not_allowed\r\n\r\n`;
    // In two pieces, and the connection stays open behind it.
    socket.write(head + REFUSED.slice(0, 10));
    socket.write(REFUSED.slice(10));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return fetchWith({ HTTP_PROXY: url, HTTPS_PROXY: url });
}

function fetchWith(env: Place['env']) {
  const context = { place: { env } as Place, tools: { signal: new AbortController().signal } as TurnTools };
  return (url: string) => webFetch.run(webFetch.input.parse({ url }), context);
}

test('a page comes as text, wherever it led to', async (t) => {
  const asked: unknown[] = [];
  const fetchIt = await proxy(t, (request, response) => {
    asked.push(request.url);
    if (asked.length === 1) return response.writeHead(302, { location: '/b?x=1' }).end();
    return response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Hi <b>you</b>');
  });
  assert.equal(await fetchIt('http://site.test/a'), '[http://site.test/b?x=1: status 200]\nHi you');
  assert.deepEqual(asked, ['http://site.test/a', 'http://site.test/b?x=1']);
});

test('a refusal is read in the words of who refused, for both kinds of address', async (t) => {
  const fetchIt = await proxy(t, (_request, response) => {
    response.writeHead(403, { 'x-bellhop-error': 'not_allowed' }).end(REFUSED);
  });
  await assert.rejects(fetchIt('https://site.test/'), /^Error: Not allowed\. Ask\.$/);
  await assert.rejects(fetchIt('http://site.test/'), /^Error: Not allowed\. Ask\.$/);
});

test('attack: without a proxy there is no other way, and only the web can be asked for', async () => {
  await assert.rejects(fetchWith({})('http://127.0.0.1:1/'), /no way to the web/);
  for (const url of ['file:///etc/passwd', 'ftp://x.test/', 'data:text/plain,x']) {
    assert.throws(() => webFetch.input.parse({ url }));
  }
});

test('attack: a page without end, a ring of redirects, and a picture are cut, ended and described', async (t) => {
  const fetchIt = await proxy(t, (request, response) => {
    if (request.url?.endsWith('/ring')) return response.writeHead(302, { location: '/ring' }).end();
    if (request.url?.endsWith('/away'))
      return response.writeHead(302, { location: 'file:///etc/passwd' }).end();
    if (request.url?.endsWith('/cat'))
      return response.writeHead(200, { 'content-type': 'image/png' }).end('x');
    response.writeHead(200, { 'content-type': 'text/plain' });
    const more = (): void => {
      while (response.write('x'.repeat(65_536)));
      response.once('drain', more);
    };
    return more();
  });
  const endless = await fetchIt('http://site.test/endless');
  assert.ok(endless.length < 51_000);
  assert.match(endless, /not fetched: it is too long\]$/);
  await assert.rejects(fetchIt('http://site.test/ring'), /on and on/);
  await assert.rejects(fetchIt('http://site.test/away'), /leads to file:/);
  assert.match(await fetchIt('http://site.test/cat'), /image\/png, no text/);
});

test('attack: pages made to be slow are read in one pass', () => {
  // Each of them took minutes, in which nobody heard of the runner.
  for (const piece of ['<', '<b> ', '<b>\t', '&#32;', '<a href=']) {
    assert.ok(htmlToText(piece.repeat(2_000_000 / piece.length)).length <= 2_000_000, piece);
  }
  assert.equal(htmlToText('<b> </b> one <b>\t</b>\n <p> two <i> three'), 'one\ntwo three');
});
