/**
 * What is sent and got about models, money and hosts, on both listeners. Types only.
 *
 * About models:
 *
 *   GET  /v1/model?agent=                              -> ModelView
 *   PUT  /v1/model                 SetModel            -> ModelView
 *   POST /v1/model/test            TestModel           -> ModelTest
 *   GET  /v1/models?agent=&provider=                   -> ModelList
 *   GET  /v1/usage?by=agent|session|task|day|model     -> UsageView
 *
 * About money:
 *
 *   GET  /v1/budgets                                   -> BudgetList
 *   PUT  /v1/budgets               SetBudget           -> BudgetList
 *   POST /v1/budgets/answer        AnswerBudget        -> BudgetList (409 no_such_stop: answered before, or over)
 *
 * About hosts:
 *
 *   GET  /v1/hosts                                     -> HostList
 *   PUT  /v1/hosts                 AllowHost           -> HostList
 *   POST /v1/hosts/remove          RemoveHost          -> HostList (409 no_such_rule: there was none of that method and path)
 */

export interface ModelView {
  readonly agent: string;
  /** `nobody`: no model is connected, the demo answers. */
  readonly by: 'owner' | 'environment' | 'vault' | 'ollama' | 'nobody';
  readonly provider: string | null;
  readonly model: string | null;
  /** The owner's own address; null for the provider's. */
  readonly baseUrl: string | null;
  readonly key: 'environment' | 'vault' | 'unreadable' | 'missing' | 'none needed';
  readonly harness: string;
  readonly demo: boolean;
  /** What could be chosen. */
  readonly providers: readonly ProviderView[];
}

export interface ProviderView {
  readonly id: string;
  readonly label: string;
  /** Environment variable of the host that may hold its key. */
  readonly variable: string | null;
  readonly key: ModelView['key'];
  readonly defaultModel: string | null;
}

export interface SetModel {
  readonly agent?: string;
  /** `auto`: no choice, whatever is found. Default: the provider that is used now. */
  readonly provider?: string;
  /** Default: the one in use, if the provider stays; else the provider's default. */
  readonly model?: string;
  /** Null: the provider's own. Default: as it is, if the provider stays. */
  readonly baseUrl?: string | null;
  /** Stored encrypted, never shown again; null removes the stored one. */
  readonly key?: string | null;
}

export interface TestModel {
  readonly agent?: string;
}

/** Of a call that worked; one that did not is an error. */
export interface ModelTest {
  readonly provider: string;
  readonly model: string;
  readonly ms: number;
  readonly text: string;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
}

export interface ModelList {
  readonly provider: string;
  readonly models: readonly string[];
}

export interface UsageView {
  readonly by: 'agent' | 'session' | 'task' | 'day' | 'model';
  /** No call knows which task it was made for. */
  readonly estimate: boolean;
  /** Path of the table of prices, which is the owner's to edit. */
  readonly prices: string;
  readonly rows: readonly UsageRow[];
}

export interface UsageRow {
  /** An id, a name or a day; '' for all that no task asked for. */
  readonly key: string;
  /** The same for people: of a conversation its agent and thread, of a task what it is to do. */
  readonly label: string;
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Part of the input. */
  readonly cachedTokens: number;
  readonly costMicros: number;
  /** What counts in the budgets: the cost, and the whole reservation of each call whose cost is not known. */
  readonly chargedMicros: number;
  /** Calls whose money is not known, and not in `costMicros`. */
  readonly unpriced: number;
}

/** One exact host that an agent may reach by TLS, besides its model. */
export interface AllowHost {
  /** Default: the first agent. */
  readonly agent?: string;
  /** A plain name: no pattern, no address. */
  readonly host: string;
  /** Default: 443. */
  readonly port?: number;
  /** It may lie in a private network, or be this machine. Default: no. */
  readonly private?: boolean;
  /** With a method or a path only such requests may pass. Default: every one. */
  readonly methods?: readonly string[];
  /** `/v1/me`, or `/v1/*` for all below it. Default: every one. */
  readonly path?: string;
}

/** What runs to it is cut off. Without a method and a path: all that opens it, but for secrets. */
export interface RemoveHost {
  readonly agent?: string;
  readonly host: string;
  readonly port?: number;
  readonly method?: string;
  readonly path?: string;
}

export interface HostList {
  readonly hosts: readonly HostRow[];
}

export interface HostRow {
  readonly agent: string;
  readonly host: string;
  readonly port: number;
  readonly private: boolean;
  /** Null: every one. */
  readonly method: string | null;
  /** Null: the whole host, by a blind tunnel. */
  readonly path: string | null;
}

export type BudgetPeriod = 'session' | 'hour' | 'day' | 'month';

/** A hard cap, in millionths of a US dollar. `session`: for each conversation, for good. */
export interface SetBudget {
  /** Null: all agents together. Default: the first agent. */
  readonly agent?: string | null;
  readonly period: BudgetPeriod;
  /** Null removes it. */
  readonly capMicros: number | null;
}

/** What the owner says to a budget that is used up; counts once. */
export interface AnswerBudget {
  readonly stop: string;
  /** For the running period alone; null: nothing more in it. */
  readonly addMicros: number | null;
}

export interface BudgetList {
  readonly budgets: readonly BudgetRow[];
  readonly stops: readonly BudgetStop[];
}

export interface BudgetRow {
  /** Null: all agents together. */
  readonly agent: string | null;
  readonly period: BudgetPeriod;
  readonly capMicros: number;
  readonly addedMicros: number;
  /** Calls under way included; null for `session`, which has a sum for each conversation. */
  readonly spentMicros: number | null;
}

export interface BudgetStop {
  readonly id: string;
  readonly agent: string | null;
  readonly period: BudgetPeriod;
  /** Of a budget for each conversation: which. */
  readonly session: string | null;
  readonly at: string;
  /** `asked`: what it holds waits for an answer. `closed`: the answer was no. */
  readonly state: 'asked' | 'closed';
}
