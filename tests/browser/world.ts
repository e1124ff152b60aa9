/**
 * One built page and one browser process for a test file; for each test a fake server and a browser's storage of its
 * own, and the reason for a skip.
 */
import { after, before, type TestContext, test } from 'node:test';
import { FakeServer } from '../../packages/web/test/fake-server.ts';
import { type BuiltPage, builtPage } from './built-page.ts';
import { Chrome, type View } from './chrome.ts';
import { Desk } from './desk.ts';

const MISSING = (process.env.BELLHOP_TEST_MISSING ?? '').split(',');
const SKIP = MISSING.includes('chromium') ? 'chromium is not installed' : false;

export interface World {
  readonly server: FakeServer;
  readonly chrome: Chrome;
  /** The page, at a fresh conversation. */
  open(view?: View, hash?: string): Promise<Desk>;
}

/** Declares the file's tests: `inBrowser()('a sentence', async (world) => …)`. */
export function inBrowser(): (name: string, body: (world: World, t: TestContext) => Promise<void>) => void {
  let page: BuiltPage | null = null;
  before(async () => {
    if (SKIP === false) page = await builtPage();
  });
  const chrome = new Chrome();
  after(async () => {
    await chrome[Symbol.asyncDispose]();
    page?.remove();
  });
  return (name, body) => {
    void test(name, { skip: SKIP }, async (t) => {
      await using server = new FakeServer(page?.folder ?? '');
      await server.start();
      const open: World['open'] = async (view, hash = '#/bell/talk') =>
        new Desk(await chrome.open(server.url + hash, view));
      try {
        await body({ server, chrome, open }, t);
      } finally {
        await chrome.closePages();
      }
    });
  };
}
