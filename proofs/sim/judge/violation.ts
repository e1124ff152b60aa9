/** What must never be seen; ends the run. `kind` stays the same while a failing run is made smaller. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly kind: string;
  constructor(kind: string, details: string) {
    super(`${kind}: ${details}`);
    this.kind = kind;
  }
}
