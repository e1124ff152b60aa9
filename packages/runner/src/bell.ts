/** What the loop waits on: a ring, a time-out, or the end. A ring while nobody waits is kept for the next wait. */
export class Bell {
  #rung = false;
  #wake: (() => void) | null = null;
  closed = false;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** No more turns: a wait ends at once, now and later. */
  close(): void {
    this.closed = true;
    this.#wake?.();
  }

  async wait(timeoutMs: number): Promise<void> {
    if (!this.#rung && !this.closed) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = null;
    }
    this.#rung = false;
  }
}
