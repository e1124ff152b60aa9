/**
 * A host that no rule names: the host process is told, and says whether its owner is being asked. The sandbox waits for
 * that, not for the owner.
 *
 * Equal questions of one session are one. No answer in time, or a question that cannot be asked: the plain refusal.
 */

import type { AskAnswer, HostAsk } from '../port.ts';
import { REFUSALS, type Refusal } from '../refusals.ts';
import type { Asker } from './grants.ts';
import type { HostPort } from './host-names.ts';

const PATIENCE_MS = 2_000;

const HINTS: Readonly<Record<AskAnswer, Pick<Refusal, 'message' | 'hint'>>> = {
  asked: {
    message: 'The owner is being asked.',
    hint: 'Do not try again now, it changes nothing: go on without it, or end your turn; the answer comes as a message.',
  },
  refused: {
    message: 'The owner was asked, and said no.',
    hint: 'Do not ask again: go on without it, or say what you cannot do.',
  },
  full: {
    message: 'The owner is not asked: too many of your questions are open.',
    hint: 'Wait until they are answered; the answers come as messages.',
  },
  'not asked': { message: '', hint: REFUSALS.proxy.hint },
};

export class Asking {
  readonly #tell: (n: number, ask: HostAsk) => void;
  readonly #patienceMs: number;
  readonly #waiting = new Map<number, (answer: AskAnswer) => void>();
  readonly #open = new Map<string, Promise<AskAnswer>>();
  #n = 0;

  constructor(tell: (n: number, ask: HostAsk) => void, patienceMs = PATIENCE_MS) {
    this.#tell = tell;
    this.#patienceMs = patienceMs;
  }

  /** The refusal to give. Never rejects. */
  async refusal({ session, agent }: Asker, { host, port }: HostPort): Promise<Refusal> {
    const ask = { session, agent, host, port };
    // A name without a dot is this machine or one of a private network: no card opens those.
    const answer = host.includes('.') ? await this.#answer(ask) : 'not asked';
    const { message, hint } = HINTS[answer];
    const head = `${REFUSALS.proxy.message} It is ${host}, port ${port}.`;
    return { ...REFUSALS.proxy, message: message === '' ? head : `${head} ${message}`, hint };
  }

  /** What the host process says to the question `n`. */
  heard(n: number, answer: AskAnswer): void {
    this.#waiting.get(n)?.(answer);
  }

  #answer(ask: HostAsk): Promise<AskAnswer> {
    const name = JSON.stringify([ask.session, ask.host, ask.port]);
    const open = this.#open.get(name) ?? this.#ask(ask).finally(() => this.#open.delete(name));
    this.#open.set(name, open);
    return open;
  }

  #ask(ask: HostAsk): Promise<AskAnswer> {
    this.#n += 1;
    const n = this.#n;
    return new Promise((resolve) => {
      const done = (answer: AskAnswer) => {
        clearTimeout(late);
        this.#waiting.delete(n);
        resolve(answer);
      };
      const late = setTimeout(() => done('not asked'), this.#patienceMs);
      this.#waiting.set(n, done);
      this.#tell(n, ask);
    });
  }
}
