/** What Bellhop itself says in a chat: short, plain, without blame (ui.md), with what to do. */

export function failureText(reason: string): string {
  return `There is no answer to this message: ${reason.replace(/\.$/, '')}. Nothing else was lost; you can send it again.`;
}

export function incidentOverText(): string {
  return 'The model answers again. What failed meanwhile was not repeated; you can send it again.';
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

/** Why a harness gave a turn back, by its class, where a person who waits should know. */
const MODEL_AWAY: Readonly<Record<string, string>> = {
  rate_limit: 'the model asks to wait, it has had too many requests',
  overload: 'the model is overloaded',
  network: 'the model cannot be reached',
  server: 'the model has a problem of its own',
};

/** Null for a reason that is nobody's business. */
export function modelAwayText(errorClass: string | null): string | null {
  const reason = Object.hasOwn(MODEL_AWAY, errorClass ?? '') ? MODEL_AWAY[errorClass ?? ''] : undefined;
  return reason === undefined ? null : waitingText(reason, 'It is tried again by itself.');
}

export function quarantineText(reason: string): string {
  return `This conversation has been stopped: ${reason.replace(/\.$/, '')}. Your others go on; start a fresh one to talk on.`;
}

const BUDGET_OF: Readonly<Record<string, string>> = {
  session: 'this conversation',
  hour: 'this hour',
  day: 'today',
  month: 'this month',
};

/** @param alert money in millionths of a US dollar; `agent` '' is all of them. */
export function budgetAlertText(alert: {
  readonly agent: string;
  readonly period: string;
  readonly percent: number;
  readonly spentMicros: number;
  readonly capMicros: number;
}): string {
  const whose = alert.agent === '' ? 'The budget of all agents' : 'The budget';
  const [spent, cap] = [alert.spentMicros, alert.capMicros].map((micros) => (micros / 1_000_000).toFixed(2));
  return `${whose} for ${BUDGET_OF[alert.period]} is used to ${alert.percent} %: $${spent} of $${cap}.`;
}
