/** What goes through one door, on record. */
import { EgressError } from '../port.ts';
import { REFUSALS, type Refusal } from '../refusals.ts';
import type { AuditEntry } from './chain.ts';
import type { RefusalRows } from './refusals.ts';

export interface DoorTrail {
  /** Null: it is on disk, and may go. Else what the agent is answered instead. @param detail names of secrets that are placed. */
  passing(what: 'request' | 'tunnel', target: string, detail?: string): Refusal | null;
  refused(target: string, refusal: Pick<Refusal, 'code'>): void;
}

export function createDoorTrail(
  deps: {
    readonly append: (entry: AuditEntry) => void;
    readonly refusals: RefusalRows;
    readonly warn: (what: string) => void;
  },
  { agent, session }: Pick<AuditEntry, 'agent' | 'session'>,
): DoorTrail {
  /** False when it could not be written. */
  const written = (write: () => void): boolean => {
    try {
      write();
      return true;
    } catch (error) {
      if (!(error instanceof EgressError)) throw error;
      deps.warn(error.message);
      return false;
    }
  };
  return {
    passing(what, target, detail = '') {
      const row = { who: agent, what, agent, session, target, decision: 'allowed', detail };
      return written(() => deps.append(row)) ? null : REFUSALS.noAudit;
    },
    refused(target, { code }) {
      written(() => deps.refusals.note({ agent, session, target, decision: code }));
    },
  };
}
