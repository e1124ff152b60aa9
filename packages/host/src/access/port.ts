/** Who may talk to an agent. Closed by default: nobody that is not listed. */
export interface AccessGate {
  /** @param user the id that the platform authenticated, never a name. */
  mayTalk(user: string): Promise<boolean>;
}
