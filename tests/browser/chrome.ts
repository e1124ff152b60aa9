/**
 * A real headless Chromium for the tests of the page. A test asserts what a person sees, by role and label; what the
 * page writes to its console as an error, a broken promise or a breach of its Content-Security-Policy fails it.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

const FLAGS =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

export interface View {
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly colorScheme?: 'light' | 'dark';
  readonly touch?: boolean;
}

export class Chrome {
  readonly #profile = mkdtempSync(join(tmpdir(), 'bh-chrome-'));
  readonly #contexts: BrowserContext[] = [];
  readonly #complaints: string[] = [];

  async open(
    url: string,
    { viewport = DESKTOP, colorScheme = 'light', touch = false }: View = {},
  ): Promise<Page> {
    const context = await chromium.launchPersistentContext(
      join(this.#profile, String(this.#contexts.length)),
      {
        executablePath: findChromium(),
        headless: true,
        args: FLAGS.split(' '),
        viewport,
        colorScheme,
        hasTouch: touch,
        isMobile: touch,
        reducedMotion: 'reduce',
        permissions: ['clipboard-read', 'clipboard-write'],
      },
    );
    this.#contexts.push(context);
    const page = context.pages()[0] ?? (await context.newPage());
    page.setDefaultTimeout(15_000);
    page.on('pageerror', (error) => this.#complaints.push(String(error)));
    page.on('console', (message) => {
      // What the network does is the test's own doing: dropped connections, refusals.
      const isNetwork = /Failed to load resource|net::ERR/.test(message.text());
      if (message.type() === 'error' && !isNetwork) this.#complaints.push(message.text());
    });
    await page.goto(url);
    return page;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#contexts.map((context) => context.close()));
    rmSync(this.#profile, { recursive: true, force: true });
    assert.deepEqual(this.#complaints, [], 'the page complained in its console');
  }
}

/** By the same name as tests/run/tools.ts; the browser's driver wants the whole path. */
function findChromium(): string {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const found = folders.map((folder) => join(folder, 'chromium')).find((path) => existsSync(path));
  if (found === undefined) throw new Error('there is no chromium in PATH');
  return found;
}
