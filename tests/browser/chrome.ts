/**
 * A real headless Chromium for the tests of the page. A test asserts what a person sees, by role and label; what the
 * page writes to its console as an error, a broken promise or a breach of its Content-Security-Policy fails it.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { PATIENCE_MS } from '../../packages/host/test/until.ts';
import { CHROMIUMS } from '../run/tools.ts';

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

const FLAGS =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

export interface View {
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly touch?: boolean;
}

/** One process for all that it opens, each with cookies and storage of its own: a process for each took 0.3 s more of both cores. */
export class Chrome {
  #browser: Promise<Browser> | null = null;
  readonly #contexts: BrowserContext[] = [];
  readonly #complaints: string[] = [];

  async open(url: string, { viewport = DESKTOP, touch = false }: View = {}): Promise<Page> {
    this.#browser ??= chromium.launch({ executablePath: findChromium(), args: FLAGS.split(' ') });
    const context = await (await this.#browser).newContext({
      viewport,
      colorScheme: 'light',
      hasTouch: touch,
      isMobile: touch,
      reducedMotion: 'reduce',
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    this.#contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('pageerror', (error) => this.#complaints.push(String(error)));
    page.on('console', (message) => {
      // What the network does is the test's own doing: dropped connections, refusals.
      const isNetwork = /Failed to load resource|net::ERR/.test(message.text());
      if (message.type() === 'error' && !isNetwork) this.#complaints.push(message.text());
    });
    await page.goto(url);
    return page;
  }

  /** Ends all that was opened, with its storage; the process stays for the next test. */
  async closePages(): Promise<void> {
    await Promise.all(this.#contexts.splice(0).map((context) => context.close()));
    const complaints = this.#complaints.splice(0);
    assert.deepEqual(complaints, [], 'the page complained in its console');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.closePages();
    } finally {
      await (await this.#browser)?.close();
    }
  }
}

/** The browser's driver wants the whole path. */
function findChromium(): string {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const paths = CHROMIUMS.flatMap((name) => folders.map((folder) => join(folder, name)));
  const found = paths.find((path) => existsSync(path));
  if (found === undefined) throw new Error('there is no chromium in PATH');
  return found;
}
