/**
 * `bench egress`: what the egress process adds to a call of a model (calls.ts), what a blind tunnel leaves of a
 * connection's throughput (tunnel.ts), and what is left where TLS ends (ended.ts). All of it on loopback.
 */
import type { Bench } from '../command.ts';
import { withDataDir } from '../data-dir.ts';
import { measureCalls } from './calls.ts';
import { measureEnded } from './ended.ts';
import { openEndpoint } from './endpoint.ts';
import { AGENT, openEgress } from './open.ts';
import { measureTunnel } from './tunnel.ts';

export const egress: Bench = {
  about:
    'what the egress process adds to a call, whole and to the first token; the speed of a tunnel, blind and ended',
  run: (say) =>
    withDataDir(async (dir) => {
      const endpoint = await openEndpoint();
      const open = await openEgress(dir, endpoint.port);
      try {
        say('calls …');
        const calls = await measureCalls(endpoint.port, open, dir);
        say('tunnel …');
        const tunnel = await measureTunnel(open.socketPath, (port) =>
          open.process.allowHost({ agent: AGENT, host: 'localhost', port, isPrivate: true }),
        );
        say('ended …');
        const ended = await measureEnded(dir, open.socketPath, open.process);
        return {
          measured: [...calls.measured, tunnel.measured, ...ended.measured],
          notes: [...calls.notes, tunnel.note, ended.note],
        };
      } finally {
        await open.stop();
        endpoint.close();
      }
    }),
};
