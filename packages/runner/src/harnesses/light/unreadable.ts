/** What was sent in place of an answer; its message is what came, or what is wrong with it, in words. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
  /** The provider's own word for its end, if it has one. */
  readonly code: string | null;
  constructor(message: string, code: string | null = null) {
    super(message);
    this.code = code;
  }
}
