/** A way out that leads nowhere: doors are remembered, and a test may refuse them. */
import { type Door, type DoorPlan, type Egress, EgressError, type Known } from '../../src/egress/port.ts';

export class FakeEgress implements Egress {
  readonly known: Known = { keys: [], ollama: null };
  /** `open` and `close` with the generation, in their order. */
  readonly done: string[] = [];
  /** Thrown by `open`. */
  refusal: Error | null = null;

  async open(plan: DoorPlan): Promise<Door> {
    if (this.refusal) throw this.refusal;
    this.done.push(`open ${plan.generation}`);
    return {
      close: async () => {
        this.done.push(`close ${plan.generation}`);
      },
    };
  }

  look = async (): Promise<Known> => this.known;
  keep = async (): Promise<void> => undefined;
  list = async (): Promise<readonly string[]> => [];
  test: Egress['test'] = () => Promise.reject(new EgressError('unreachable', 'nowhere', 'nothing'));
}
