/** The page as a person uses it: what to press and where to look. Works the same on the fake server and a real host. */
import type { Locator, Page } from 'playwright-core';

export class Desk {
  readonly page: Page;
  constructor(page: Page) {
    this.page = page;
  }

  get composer(): Locator {
    return this.page.getByRole('textbox', { name: /^Message to / });
  }

  get messages(): Locator {
    return this.page.getByRole('region', { name: 'Messages' });
  }

  get ledger(): Locator {
    return this.page.getByRole('complementary', { name: 'Ledger' });
  }

  /**
   * Opens one conversation by its address, in a new document: after a mere change of the hash the composer of the
   * conversation before is still there for a frame, and takes what is typed with it.
   */
  async open(address: string): Promise<void> {
    await this.page.goto(address);
    await this.page.reload();
    await this.composer.waitFor();
  }

  async say(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.page.getByRole('button', { name: 'Send', exact: true }).click();
  }

  /** A message of the agent, or of the person, that holds this text; the last one of them. */
  theirs(text: string | RegExp): Locator {
    return this.messages.getByRole('article', { name: /^bell/ }).filter({ hasText: text }).last();
  }

  mine(text: string): Locator {
    return this.messages.getByRole('article', { name: 'You' }).filter({ hasText: text }).last();
  }

  /** The receipt of one's own message, by the words that it shows. */
  receipt(text: string, words: string | RegExp): Locator {
    return this.mine(text).getByRole('button', { name: words });
  }

  press(name: string | RegExp): Promise<void> {
    return this.page.getByRole('button', { name }).click();
  }

  async palette(query: string): Promise<void> {
    await this.page.keyboard.press('Control+k');
    // By its name: the page below may have a field of that role, which is found until the palette is shown.
    await this.page.getByRole('combobox', { name: 'Search or do' }).fill(query);
    await this.page.keyboard.press('Enter');
  }
}
