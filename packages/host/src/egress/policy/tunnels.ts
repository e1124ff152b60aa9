/** The tunnels that are open, so that one whose rule is removed ends with it. */
import type { Duplex } from 'node:stream';
import type { HostRule } from '../port.ts';
import type { Asker } from './grants.ts';
import { agreedHost } from './host-names.ts';
import { openTunnel, type TunnelDeps } from './tunnel.ts';

interface OpenTunnel {
  readonly agent: string;
  readonly target: string;
  readonly socket: Duplex;
}

export class Tunnels {
  readonly #deps: TunnelDeps;
  readonly #open = new Set<OpenTunnel>();

  constructor(deps: TunnelDeps) {
    this.#deps = deps;
  }

  /** Resolves when it has ended. Never rejects. */
  async open(
    asker: Asker,
    request: Parameters<typeof openTunnel>[2],
    socket: Duplex,
    head: Buffer,
  ): Promise<void> {
    const tunnel = { agent: asker.agent, target: request.url ?? '', socket };
    this.#open.add(tunnel);
    try {
      await openTunnel(this.#deps, asker, request, socket, head);
    } catch {
      // Its rule cannot be read: closed by default.
      socket.destroy();
    } finally {
      this.#open.delete(tunnel);
    }
  }

  cut({ agent, host, port }: Omit<HostRule, 'isPrivate'>): void {
    for (const tunnel of this.#open) {
      const to = agreedHost(tunnel.target, undefined);
      if (tunnel.agent === agent && to?.host === host && to.port === port) tunnel.socket.destroy();
    }
  }
}
