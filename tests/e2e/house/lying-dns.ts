/**
 * A name server that says what a test wants, another thing each time if it likes, and knows who asked for what. It takes
 * a port that only root may have, on an address of its own in 127.0.0.0/8.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import { type Answer, decode, encode } from 'dns-packet';
import type { Ending } from '../../../packages/host/test/temp-folder.ts';
import { hostIsRoot } from './machine.ts';

/** A reason to skip, or false. */
export const lyingDnsMissing: string | false = hostIsRoot
  ? false
  : 'only root may take the port of a name server';

export interface LyingDns {
  readonly address: string;
  /** Names whose IPv4 addresses were asked for, in order. Whoever looks a name up asks for the others as well. */
  readonly asked: string[];
  /** What a name leads to, at its n-th asking from 1 on; any other name leads nowhere. */
  readonly answers: Map<string, (nth: number) => readonly string[]>;
  /** A file for `/etc/resolv.conf`. */
  readonly resolvConf: string;
}

/** @param dir where that file is written. */
export async function openLyingDns(t: Ending, dir: string): Promise<LyingDns> {
  const { pid } = process;
  const dns: LyingDns = {
    address: `127.53.${(pid >> 8) & 255}.${pid & 255}`,
    asked: [],
    answers: new Map(),
    resolvConf: join(dir, 'resolv.conf'),
  };
  writeFileSync(dns.resolvConf, `nameserver ${dns.address}\noptions timeout:2 attempts:1\n`);
  const server = createSocket('udp4');
  server.on('message', (bytes, from) => {
    const query = decode(bytes);
    const [question] = query.questions ?? [];
    if (!question) return;
    const name = question.name.toLowerCase();
    if (question.type === 'A') dns.asked.push(name);
    // Both families of one look-up belong to one asking, whichever of them comes first.
    const nth = Math.max(1, dns.asked.filter((one) => one === name).length);
    const led = dns.answers.get(name)?.(nth);
    const answers = (led ?? []).flatMap((data): Answer[] => {
      const type = isIPv4(data) ? 'A' : 'AAAA';
      return type === question.type ? [{ type, name: question.name, ttl: 0, data }] : [];
    });
    const flags = led ? 0 : NO_SUCH_NAME;
    server.send(
      encode({ type: 'response', id: query.id ?? 0, flags, questions: [question], answers }),
      from.port,
      from.address,
    );
  });
  server.bind(53, dns.address);
  await once(server, 'listening');
  t.after(() => server.close());
  return dns;
}

const NO_SUCH_NAME = 3;
