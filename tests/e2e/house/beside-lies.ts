/**
 * A sandbox with a real host around it, a name server that lies, and two HTTPS servers on two addresses of this machine
 * at one port: which of them was gone to is seen.
 */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CERT, KEY } from '../../../packages/host/test/egress/loopback-tls.ts';
import type { Ending } from '../../../packages/host/test/temp-folder.ts';
import { type Inside, openInside } from './inside.ts';
import { type LyingDns, openLyingDns } from './lying-dns.ts';
import type { SandboxKind } from './machine.ts';

/** Its name leads to the first of the two. */
export const HOST = 'good.bellhop-test.example';
export const FIRST = '127.0.0.1';
export const SECOND = '127.0.0.2';

/** As any client goes, but for the certificate, which nothing trusts, and NO_PROXY, which holds some of our hosts. */
export const CURL = "curl -sk --noproxy '' -o - -w ' %{http_connect}' --max-time 20";

export interface Reached {
  readonly address: string;
  readonly url: string;
  /** Rows of the audit that named the host when it was reached. */
  readonly audited: number;
}

export interface BesideLies extends Inside {
  readonly dns: LyingDns;
  /** `HOST:PORT`. */
  readonly to: string;
  readonly port: number;
  readonly reached: Reached[];
  /** CONNECTs by a client of our own, which says what no other would. Resolves with `status target` for each. */
  connect(thread: string, targets: readonly string[]): Promise<string[]>;
  /** A tunnel to this target, and TLS in it whose hello has this name; '' for none. */
  hello(thread: string, target: string, name: string): Promise<'secure' | 'cut'>;
  /** Rules of before are removed, and what was seen is forgotten. */
  startAnew(): Promise<void>;
  audit(): string[];
}

export async function openBesideLies(t: Ending, sandbox: SandboxKind): Promise<BesideLies> {
  const dir = mkdtempSync(join(tmpdir(), 'bh-dns-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const dns = await openLyingDns(t, dir);
  dns.answers.set(HOST, () => [FIRST]);
  const inside = await openInside(t, sandbox, { resolvConf: dns.resolvConf });
  const audit = () =>
    readFileSync(join(inside.house.data, 'egress', 'audit.jsonl'), 'utf8')
      .trimEnd()
      .split('\n');
  const reached: Reached[] = [];
  let port = 0;
  for (const address of [FIRST, SECOND]) {
    const open = new Set<Socket>();
    const server = createServer({ cert: CERT, key: KEY }, ({ url = '' }, response) => {
      const audited = audit().filter((row) => row.includes(`${HOST}:${port}`)).length;
      reached.push({ address, url, audited });
      const [, location] = url.split('?');
      if (location !== undefined) response.writeHead(302, { location });
      response.end('pong');
    });
    server.on('connection', (socket: Socket) => open.add(socket));
    server.listen(port, address);
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
    t.after(() => {
      for (const socket of open) socket.destroy();
      server.close();
    });
  }
  return {
    ...inside,
    ...{ dns, port, reached, audit },
    to: `${HOST}:${port}`,
    async connect(thread, targets) {
      const [said = ''] = await inside.run(thread, `${CONNECTS} '${JSON.stringify(targets)}'`);
      return said.split('\n');
    },
    async hello(thread, target, name) {
      const [said = ''] = await inside.run(thread, `${HELLO} '${target}' '${name}'`);
      return said === 'secure' ? 'secure' : 'cut';
    },
    async startAnew() {
      const hosts = JSON.parse(await inside.bellhop(['hosts', '--json'])) as {
        hosts: { host: string; port: number }[];
      };
      for (const rule of hosts.hosts) await inside.bellhop(['hosts', 'remove', `${rule.host}:${rule.port}`]);
      for (const seen of [dns.asked, reached]) seen.length = 0;
    },
  };
}

const CONNECTS = `/bellhop/node -e '
  const { hostname, port } = new URL(process.env.HTTPS_PROXY);
  const ask = (target) => new Promise((done) => {
    const socket = require("net").connect(+port, hostname, () => socket.write("CONNECT " + target + " HTTP/1.1\\r\\nHost: " + target + "\\r\\n\\r\\n"));
    socket.once("data", (said) => { done(String(said).split(" ")[1]); socket.destroy(); });
    socket.on("error", () => done("cut")).on("close", () => done("cut"));
  });
  (async () => { for (const target of JSON.parse(process.argv[1])) console.log(await ask(target), target); })();'`;

const HELLO = `/bellhop/node -e '
  const { hostname, port } = new URL(process.env.HTTPS_PROXY);
  const [target, servername] = process.argv.slice(1);
  const end = (said) => { console.log(said); process.exit(); };
  const socket = require("net").connect(+port, hostname, () => socket.write("CONNECT " + target + " HTTP/1.1\\r\\nHost: " + target + "\\r\\n\\r\\n"));
  socket.once("data", () => {
    const tls = require("tls").connect({ socket, servername, rejectUnauthorized: false }, () => end("secure"));
    tls.on("error", () => end("cut")).on("close", () => end("cut"));
  });'`;
