/** Which model an agent speaks to, as the rest of the host knows it. */
import type { ModelConfig } from '@bellhop/runner/protocol';
import type { Endpoint, ProviderId } from '../egress/providers.ts';
import type { Sql } from '../store/port.ts';
import type { Agent, AgentId } from '../types.ts';

export interface Models {
  /** What the agent uses from its next sandbox on. */
  of(agent: Agent): AgentModel;
  /** Null: nobody chose. */
  chosen(agent: AgentId): ModelChoice | null;
  /** Durable when it resolves; the agent's sandboxes end softly. Null goes back to what is found. */
  choose(agent: AgentId, choice: ModelChoice | null): Promise<void>;
  /** The same as a part of the caller's transaction; what it resolves to is called once that is committed. */
  chooseWithin(sql: Sql, agent: AgentId, choice: ModelChoice | null): Promise<() => void>;
}

/** What the owner chose. */
export interface ModelChoice {
  readonly provider: ProviderId;
  readonly model: string;
  readonly baseUrl: string | null;
}

export interface AgentModel {
  /** Who chose: the owner, or a key or server that was found. `nobody`: it is the demo. */
  readonly by: 'owner' | 'environment' | 'vault' | 'ollama' | 'nobody';
  /** Null with no model. */
  readonly endpoint: Endpoint | null;
  readonly config: ModelConfig | null;
  readonly harness: string;
}
