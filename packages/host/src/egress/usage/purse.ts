/**
 * What one door's calls are paid from: its endpoint's prices, and the budgets of its session and agent. Says no in words
 * that an agent can act on.
 */
import { type BudgetAlert, type CallRecord, type DoorPlan, EgressError } from '../port.ts';
import { type Endpoint, isFree, PROVIDERS } from '../providers.ts';
import { REFUSALS, type Refusal } from '../refusals.ts';
import type { Wanted } from './ask.ts';
import type { BudgetLine, Budgets } from './budgets.ts';
import { type CallEnd, chargeOf } from './decide.ts';
import type { Ledger, NewCall, Reservation, Settled } from './ledger.ts';
import { costMicros, mostMicros, type Prices } from './prices.ts';
import type { Usage } from './read-usage.ts';

export interface PurseDeps {
  readonly ledger: Ledger;
  readonly budgets: Budgets;
  readonly prices: () => Prices;
  readonly nowMs: () => number;
  /** A call has ended and is on record. */
  readonly onCall: (call: CallRecord) => void;
  readonly onAlert: (alert: BudgetAlert) => void;
  readonly onParked: (agent: string) => void;
  readonly warn: (what: string) => void;
}

export type Whose = Pick<DoorPlan, 'session' | 'agent' | 'generation'>;

/** What became of a call that was let out. */
export interface Outcome extends Omit<CallEnd, 'costMicros'> {
  /** Null: it was not answered. */
  readonly usage: Usage | null;
  readonly firstByteMs: number | null;
  readonly totalMs: number;
}

export type Let =
  /** `settle` is called once, after the last byte. */
  | { readonly kind: 'go'; readonly settle: (outcome: Outcome) => void }
  | { readonly kind: 'refuse'; readonly refusal: Refusal };

/** Durable when it returns. @param isOwner the owner's own call, which no budget refuses. */
export function letOut(deps: PurseDeps, whose: Whose, endpoint: Endpoint, ask: Wanted, isOwner = false): Let {
  const { contextTokens } = PROVIDERS[endpoint.provider].limits;
  const model = ask.model ?? endpoint.model;
  const call: NewCall = {
    ...whose,
    atMs: deps.nowMs(),
    provider: endpoint.provider,
    model,
    reserveMicros: isFree(endpoint) ? 0 : mostMicros(deps.prices(), model, ask, contextTokens),
  };
  const reservation = reserve(deps, call, isOwner);
  if (reservation === null) return { kind: 'refuse', refusal: REFUSALS.noLedger };
  if (reservation.kind !== 'go') {
    if (reservation.kind === 'asked') deps.onParked(whose.agent);
    return { kind: 'refuse', refusal: refusalOf(reservation, call.reserveMicros) };
  }
  return { kind: 'go', settle: (outcome) => settle(deps, reservation.id, call, endpoint, outcome) };
}

/** Null: it cannot be put on record, so it is not made. */
function reserve(deps: PurseDeps, call: NewCall, isOwner: boolean): Reservation | null {
  try {
    return deps.ledger.reserve(call, isOwner);
  } catch (error) {
    deps.warn(`a call was refused, it cannot be put on record: ${(error as Error).message}`);
    return null;
  }
}

function settle(deps: PurseDeps, id: number, call: NewCall, endpoint: Endpoint, outcome: Outcome): void {
  const { usage, status, firstByteMs, totalMs } = outcome;
  const cost = isFree(endpoint) ? 0 : usage && priced(deps.prices(), call.model, usage);
  const end = {
    model: usage?.model ?? call.model,
    status,
    inputTokens: usage?.input ?? null,
    outputTokens: usage?.output ?? null,
    cachedTokens: usage?.cached ?? null,
    costMicros: cost,
    chargedMicros: chargeOf({ ...outcome, costMicros: cost }, call.reserveMicros),
    firstByteMs,
    totalMs,
  };
  const alerts = settled(deps, id, call, end);
  const { atMs, session, agent, generation, provider } = call;
  deps.onCall({ atMs, session, agent, generation, provider, ...end });
  for (const alert of alerts) deps.onAlert(alert);
}

/** Where it cannot be written, the reservation stays charged. */
function settled(deps: PurseDeps, id: number, call: NewCall, end: Settled): readonly BudgetAlert[] {
  try {
    return deps.ledger.settle(id, call, end);
  } catch (error) {
    deps.warn(`a call stays charged with all that was reserved: ${(error as Error).message}`);
    return [];
  }
}

/** By the name that answered, and by the one that was asked for when that has no price: a gateway may rename it. */
function priced(prices: Prices, asked: string, usage: Usage): number | null {
  return costMicros(prices, usage.model ?? asked, usage) ?? costMicros(prices, asked, usage);
}

/** A session that the owner is asked about gets no way out: throws EgressError `budget_asked`. */
export function checkPurse(deps: Pick<PurseDeps, 'budgets' | 'nowMs'>, whose: Whose): void {
  const line = deps.budgets.waitsFor(whose, deps.nowMs());
  if (line) throw new EgressError('budget_asked', `${nameOf(line)} is used up`, ASK_HINT);
}

const ASK_HINT = 'Its owner can add to it: ./bellhop budget';

function refusalOf(
  { kind, line }: Exclude<Reservation, { kind: 'go' }>,
  wantedMicros: number,
): Refusal & { readonly code: 'budget_asked' | 'budget_over' } {
  const name = nameOf(line);
  if (kind === 'asked') {
    return {
      status: 429,
      code: 'budget_asked',
      message: `${name} is used up. The owner is asked for more.`,
      hint: 'Do not try again: what you work on waits, and goes on when the owner has answered.',
    };
  }
  const why =
    kind === 'closed'
      ? `${name} is used up, and the owner adds nothing to it.`
      : `${name} is too small for this call, which may cost up to ${dollars(wantedMicros)}.`;
  return { status: 402, code: 'budget_over', message: why, hint: 'Do not try again. End here, and say so.' };
}

const OVER: Readonly<Record<BudgetLine['period'], string>> = {
  session: 'this conversation',
  hour: 'this hour',
  day: 'today',
  month: 'this month',
};

function nameOf({ agent, period, capMicros }: BudgetLine): string {
  const whose = agent === '' ? 'The budget of all agents' : 'The budget';
  return `${whose} for ${OVER[period]} (${dollars(capMicros)})`;
}

function dollars(micros: number): string {
  return `$${(micros / 1_000_000).toFixed(2)}`;
}
