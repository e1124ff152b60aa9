/** An egress process as the host starts it, with the socket of one session of the agent `bench`. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../packages/host/src/clock.ts';
import { takeEnvironment } from '../../packages/host/src/egress/environment.ts';
import { EGRESS_SOCKET } from '../../packages/host/src/egress/port.ts';
import { EgressProcess } from '../../packages/host/src/egress/process.ts';
import { makeFolder } from '../../packages/host/src/folders.ts';
import { openLog } from '../../packages/host/src/log.ts';
import { CERT } from '../../packages/host/test/egress/loopback-tls.ts';

export const AGENT = 'bench';

export interface OpenEgress {
  readonly process: EgressProcess;
  readonly socketPath: string;
  /** Resolves when the next call is on record. */
  recorded(): Promise<unknown>;
  stop(): Promise<void>;
}

/** @param dataDir where it keeps its files. @param modelPort of the endpoint on loopback that its session may call. */
export async function openEgress(dataDir: string, modelPort: number): Promise<OpenEgress> {
  const folders = { dataDir, user: null };
  await makeFolder(folders, 'private', 'egress');
  const authority = join(dataDir, 'test-ca.pem');
  await writeFile(authority, CERT);
  const log = openLog(dataDir, systemClock.now);
  const env = takeEnvironment({ OLLAMA_HOST: '127.0.0.1:9', NODE_EXTRA_CA_CERTS: authority });
  const egress = new EgressProcess({ folders, clock: systemClock, log, env });
  const waiting = { record: Promise.withResolvers<void>() };
  const ignore = () => undefined;
  egress.listen({
    call: () => waiting.record.resolve(),
    ...{ known: ignore, parked: ignore, alert: ignore, auditHead: ignore },
    ask: async () => 'not asked',
  });
  egress.start();
  const dir = await makeFolder(folders, 'shared', 'run', 'bench');
  const baseUrl = `http://127.0.0.1:${modelPort}`;
  const endpoint = { provider: 'compatible', model: 'm', baseUrl } as const;
  await egress.open({ dir, session: 'bench', agent: AGENT, generation: 1, endpoint });
  return {
    process: egress,
    socketPath: join(dir, EGRESS_SOCKET),
    recorded() {
      waiting.record = Promise.withResolvers();
      return waiting.record.promise;
    },
    async stop() {
      await egress.stop();
      log.close();
    },
  };
}
