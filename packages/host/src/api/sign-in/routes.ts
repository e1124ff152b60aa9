/** Signing in and out at the page's listener: by a one-time link, by the password, and back. */
import * as v from 'valibot';
import { plainPage } from '../page/plain.ts';
import { Problem } from '../problem.ts';
import { readBody, readText } from '../routes/input.ts';
import type { ApiAnswer, ApiRequest, Route } from '../routing.ts';
import type { Cookies } from './cookies.ts';
import type { Links } from './links.ts';
import { MAX_LENGTH, type Password } from './password.ts';

const MAX_BODY_BYTES = 4_096;
const FORM = 'application/x-www-form-urlencoded';

export const passwordSchema = v.object({ password: v.pipe(v.string(), v.maxLength(MAX_LENGTH)) });

export interface SignInDeps {
  readonly links: Links;
  readonly cookies: Cookies;
  readonly password: Password;
}

export function signInRoutes({ links, cookies, password }: SignInDeps): readonly Route[] {
  const toPage = async (): Promise<ApiAnswer> => ({
    status: 303,
    headers: { location: '/', 'set-cookie': await cookies.signIn() },
    empty: true,
  });

  async function byLink(request: ApiRequest, token: string): Promise<ApiAnswer> {
    // A browser that loads ahead of its person must not use the link up.
    const isAhead = 'sec-purpose' in request.headers;
    if (!isAhead && links.use(token)) return toPage();
    return { status: 401, html: plainPage('used', await password.isSet()) };
  }

  async function byPassword(request: ApiRequest): Promise<ApiAnswer> {
    const isForm = String(request.headers['content-type'] ?? '').startsWith(FORM);
    if (isForm) return byForm(request);
    const given = await readBody(request, passwordSchema, MAX_BODY_BYTES);
    if (!(await password.matches(given.password))) throw wrong();
    return { status: 204, headers: { 'set-cookie': await cookies.signIn() }, empty: true };
  }

  /** The form of the plain page, which has no script. */
  async function byForm(request: ApiRequest): Promise<ApiAnswer> {
    const tooLong = new Problem(413, 'too_long', 'the body is too long', 'Send less.');
    const form = new URLSearchParams(await readText(request, MAX_BODY_BYTES, tooLong));
    const given = v.safeParse(passwordSchema, { password: form.get('password') });
    try {
      if (given.success && (await password.matches(given.output.password))) return await toPage();
      return { status: 401, html: plainPage('wrong', true) };
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 429) throw error;
      return { status: 429, html: plainPage('often', true) };
    }
  }

  return [
    {
      method: 'GET',
      path: '/in/:token',
      open: true,
      handle: (request, token = '') => byLink(request, token),
    },
    { method: 'POST', path: '/v1/sign-in', open: true, handle: byPassword },
    {
      method: 'POST',
      path: '/v1/sign-out',
      handle: async (request) => ({
        status: 204,
        headers: { 'set-cookie': await cookies.signOut(request) },
        empty: true,
      }),
    },
  ];
}

function wrong(): Problem {
  return new Problem(401, 'wrong_password', 'this is not the password', 'Set a new one: ./bellhop password');
}
