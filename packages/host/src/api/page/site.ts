/**
 * The page's own files, from a folder that was built before (built-folder.ts): `index.html` and `assets/<name>-<hash>`.
 *
 * The folder is listed once, at the start. A request is looked up in that list, so no path is ever made of what a
 * client said.
 */
import { readdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { Problem } from '../problem.ts';
import type { ApiAnswer, ApiRequest, Route } from '../routing.ts';
import type { Cookies } from '../sign-in/cookies.ts';
import type { Password } from '../sign-in/password.ts';
import { PLAIN_STYLE, PLAIN_STYLE_PATH, plainPage } from './plain.ts';

const FOR_EVER = 'public, max-age=31536000, immutable';
const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** @param dir the built page. */
export function siteRoutes(dir: string, cookies: Cookies, password: Password): readonly Route[] {
  const assets = new Set(readdirSync(join(dir, 'assets')));

  async function index(request: ApiRequest): Promise<ApiAnswer> {
    if (!(await cookies.isSignedIn(request)))
      return { status: 401, html: plainPage('none', await password.isSet()) };
    const headers = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' };
    return sendFile(join(dir, 'index.html'), headers);
  }

  async function asset({ headers }: ApiRequest, name: string): Promise<ApiAnswer> {
    const type = assets.has(name) ? TYPES[extname(name)] : undefined;
    if (type === undefined) {
      throw new Problem(404, 'not_found', 'there is no such file', 'Load the page again.');
    }
    const packed = `${name}.gz`;
    const isPacked = assets.has(packed) && /\bgzip\b/.test(String(headers['accept-encoding'] ?? ''));
    return sendFile(join(dir, 'assets', isPacked ? packed : name), {
      'content-type': type,
      'cache-control': FOR_EVER,
      vary: 'accept-encoding',
      ...(isPacked ? { 'content-encoding': 'gzip' } : {}),
    });
  }

  const style = { 'content-type': TYPES['.css'] ?? '', 'cache-control': 'no-cache' };
  return [
    { method: 'GET', path: '/', open: true, handle: index },
    {
      method: 'GET',
      path: '/assets/:name',
      open: true,
      handle: (request, name = '') => asset(request, name),
    },
    {
      method: 'GET',
      path: PLAIN_STYLE_PATH,
      open: true,
      handle: async () => ({ status: 200, headers: style, text: PLAIN_STYLE }),
    },
  ];
}

async function sendFile(path: string, headers: Readonly<Record<string, string>>): Promise<ApiAnswer> {
  const file = await open(path);
  return { status: 200, file, size: (await file.stat()).size, headers };
}
