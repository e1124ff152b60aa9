/** The program of a worker: opens one inbound.db, which upgrades it, and tells how that went (upgrade-apart.ts). */
import { parentPort, workerData } from 'node:worker_threads';
import { InboundMailbox } from './inbound.ts';

function upgrade(inDir: string): object {
  try {
    InboundMailbox.open(inDir).close();
    return {};
  } catch (error) {
    const { name, message, errcode, cause } = error as Error & { errcode?: number };
    return { name, message, errcode: errcode ?? (cause as { errcode?: number } | undefined)?.errcode };
  }
}

parentPort?.postMessage(upgrade(String(workerData)));
