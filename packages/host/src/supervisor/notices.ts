/** What Bellhop itself says in a chat: short, plain, without blame (ui.md), with what to do. */

export function failureText(reason: string): string {
  return `There is no answer to this message: ${reason.replace(/\.$/, '')}. Nothing else was lost; you can send it again.`;
}

export function waitingText(reason: string, hint: string): string {
  return `Your message is safe and waits: ${reason.replace(/\.$/, '')}. ${hint}`;
}

export function bootFailureText(reason: string): string {
  return `Your message is safe and waits: the agent has failed to start several times in a row (${reason}). Bellhop keeps trying; you will hear when it works again.`;
}

export function bootOverText(): string {
  return 'The agent has started again. What waited is being answered.';
}

export function quarantineText(reason: string): string {
  return `This conversation has been stopped: ${reason.replace(/\.$/, '')}. Your others go on; start a fresh one to talk on.`;
}
