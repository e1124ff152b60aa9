/**
 * CONNECT: a blind tunnel to a host that is allowed. Its TLS is between the two ends; what is judged here is where it
 * leads, by everything that names it.
 *
 *   CONNECT --one plain name, rule or grant--> resolved, every address judged --200--> hello: its name is the same --> connected
 *
 * The address that was judged is the one that is connected to: the name is resolved once, here, and never again.
 */
import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { HostRule } from '../port.ts';
import { REFUSALS, type Refusal, refusalText } from '../refusals.ts';
import { mayGo } from './addresses.ts';
import { readHello } from './client-hello.ts';
import type { Asker, Grants } from './grants.ts';
import { agreedHost, type HostPort } from './host-names.ts';

export interface TunnelDeps {
  /** All addresses of a name. Rejects when there is none. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
  readonly find: (agent: string, host: string, port: number) => Pick<HostRule, 'isPrivate'> | null;
  /** What the owner has granted to one session. */
  readonly grants: Pick<Grants, 'isGood' | 'take'>;
  /** For a host that neither names. Never rejects. */
  readonly refusal: (asker: Asker, to: HostPort) => Promise<Refusal>;
  readonly limits: TunnelLimits;
}

export interface TunnelLimits {
  /** For resolving, for the hello to come, and for connecting: each. */
  readonly stepMs: number;
  /** Without a byte either way. */
  readonly idleMs: number;
}

export const TUNNEL_LIMITS: TunnelLimits = { stepMs: 15_000, idleMs: 300_000 };

const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';

/** Resolves when the tunnel has ended, or was refused. Rejects only when the rule cannot be read. */
export async function openTunnel(
  deps: TunnelDeps,
  asker: Asker,
  request: Pick<IncomingMessage, 'url' | 'headers'>,
  inside: Duplex,
  head: Buffer,
): Promise<void> {
  inside.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => inside.once('close', () => resolve()));
  const end = (refusal: Refusal) => {
    inside.end(refusalText(refusal), () => inside.destroy());
    return closed;
  };
  const wanted = agreedHost(request.url ?? '', request.headers.host);
  if (!wanted) return end(REFUSALS.notAHost);
  const { host, port } = wanted;
  const rule = deps.find(asker.agent, host, port);
  if (!rule && !deps.grants.isGood(asker, host, port)) return end(await deps.refusal(asker, wanted));
  const addresses = await within(deps.limits.stepMs, deps.resolve(wanted.host)).catch(() => null);
  if (inside.destroyed) return;
  if (addresses === null) return end(REFUSALS.unresolved);
  if (!mayGo(addresses, rule?.isPrivate === true)) return end(REFUSALS.badAddress);
  // Last of all: what would not have passed has used nothing up.
  if (!rule && !deps.grants.take(asker, host, port)) return end(await deps.refusal(asker, wanted));
  inside.write(ESTABLISHED);
  const hello = await readName(inside, head, deps.limits.stepMs);
  // From here on its end is in TLS, and would not read words of ours.
  if (hello?.name.toLowerCase() !== wanted.host) {
    inside.destroy();
    return closed;
  }
  join(inside, hello.bytes, open(addresses, wanted.port, deps.limits), deps.limits);
  return closed;
}

/** The client's first words, as far as its name is in them; null when they are no TLS, do not come or break off. */
function readName(
  inside: Duplex,
  head: Buffer,
  limitMs: number,
): Promise<{ readonly name: string; readonly bytes: Buffer } | null> {
  return new Promise((resolve) => {
    let bytes = head;
    const done = (found: { readonly name: string; readonly bytes: Buffer } | null) => {
      clearTimeout(late);
      inside.off('data', more);
      inside.off('end', broken);
      inside.off('close', broken);
      inside.pause();
      resolve(found);
    };
    const broken = () => done(null);
    const look = () => {
      const hello = readHello(bytes);
      if (hello.kind === 'name') done({ name: hello.name, bytes });
      else if (hello.kind === 'bad') done(null);
    };
    const more = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      look();
    };
    const late = setTimeout(broken, limitMs);
    inside.on('data', more);
    inside.once('end', broken);
    inside.once('close', broken);
    look();
  });
}

/** To one of these addresses, and to no other, whatever the name says by now. */
function open(addresses: readonly string[], port: number, { stepMs }: TunnelLimits): Socket {
  const all = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  const socket = connect({
    host: 'judged.invalid',
    port,
    allowHalfOpen: true,
    autoSelectFamily: true,
    lookup: (_name, _options, found) => found(null, all),
  });
  const late = setTimeout(() => socket.destroy(), stepMs);
  const done = () => clearTimeout(late);
  socket.once('connect', done).once('close', done);
  return socket;
}

function join(inside: Duplex, first: Buffer, outside: Socket, { idleMs }: TunnelLimits): void {
  outside.setNoDelay(true);
  outside.setTimeout(idleMs, () => outside.destroy());
  // One end that is gone leaves nothing of the other; half of one may go on.
  outside.on('error', () => undefined);
  outside.once('close', () => inside.destroy());
  inside.once('close', () => outside.destroy());
  outside.write(first);
  inside.pipe(outside);
  outside.pipe(inside);
}

async function within<T>(limitMs: number, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('too late')), limitMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
