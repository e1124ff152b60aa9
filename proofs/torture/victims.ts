/** The processes of a session's sandbox, and whether a session ever has two sandboxes at the same time. */
import { type MarkedProcess, markedProcesses } from '../../tests/e2e/house/sandboxes.ts';

export class Victims {
  readonly #installId: string;
  readonly #look: () => readonly MarkedProcess[];
  /** Sessions that were seen with two lives at once. */
  readonly doubles = new Set<string>();

  constructor(installId: string, look: () => readonly MarkedProcess[] = () => markedProcesses(installId)) {
    this.#installId = installId;
    this.#look = look;
  }

  /** Looks at all of them, and returns those of one session. */
  of(session: string): readonly MarkedProcess[] {
    const all = this.#look();
    const lives = Map.groupBy(new Set(all.map(({ mark }) => mark)), (mark) => mark.split(':')[2] ?? '');
    for (const [of, marks] of lives) if (marks.length > 1) this.doubles.add(of);
    return all.filter(({ mark }) => mark.startsWith(`bellhop:${this.#installId}:${session}:`));
  }

  /** Strikes one of a session's processes; false when there is none, or it was gone before the blow. */
  strike(session: string, signal: NodeJS.Signals, die: number): boolean {
    const chain = this.of(session);
    const victim = chain[Math.floor(die * chain.length)];
    return victim !== undefined && struck(victim.pid, signal);
  }
}

function struck(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
