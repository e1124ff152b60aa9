/** The tunnels that are open, so that one whose rule is removed ends with it. */
import type { Socket } from 'node:net';
import type { HostRule } from '../port.ts';
import { agreedHost } from './host-names.ts';
import { openTunnel, type TunnelDeps, type TunnelOwner } from './tunnel.ts';

interface OpenTunnel {
  readonly agent: string;
  readonly target: string;
  readonly socket: Socket;
}

export class Tunnels {
  readonly #deps: TunnelDeps;
  readonly #open = new Set<OpenTunnel>();

  constructor(deps: TunnelDeps) {
    this.#deps = deps;
  }

  /** Resolves when it has ended. Never rejects. */
  async open(
    owner: TunnelOwner,
    request: Parameters<typeof openTunnel>[2],
    socket: Socket,
    head: Buffer,
  ): Promise<void> {
    const tunnel = { agent: owner.agent, target: request.url ?? '', socket };
    this.#open.add(tunnel);
    try {
      await openTunnel(this.#deps, owner, request, socket, head);
    } catch {
      // Its rule cannot be read, or no certificate be made: closed by default.
      socket.destroy();
    } finally {
      this.#open.delete(tunnel);
    }
  }

  cut({ agent, host, port }: Pick<HostRule, 'agent' | 'host' | 'port'>): void {
    for (const tunnel of this.#open) {
      const to = agreedHost(tunnel.target, undefined);
      if (tunnel.agent === agent && to?.host === host && to.port === port) tunnel.socket.destroy();
    }
  }
}
