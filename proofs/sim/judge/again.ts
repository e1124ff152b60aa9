/** What a person has asked to be tried again: each request lets one message begin anew, in the store and in its mailbox. */
export class Again {
  readonly #asked = new Map<string, number>();
  readonly #used = new Map<string, number>();

  /** Before it is asked for: a request may have its effect, and its host die before it answers. */
  ask(session: string, message: string): void {
    const key = `${session} ${message}`;
    this.#asked.set(key, (this.#asked.get(key) ?? 0) + 1);
  }

  /** False when nobody has asked for it, or that request had its effect there. */
  use(where: 'store' | 'mailbox', key: string): boolean {
    const used = this.#used.get(`${where} ${key}`) ?? 0;
    if (used >= (this.#asked.get(key) ?? 0)) return false;
    this.#used.set(`${where} ${key}`, used + 1);
    return true;
  }
}
