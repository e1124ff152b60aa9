/**
 * CONNECT: a tunnel to a host that is allowed. Its TLS is between the two ends, so it is blind, unless the host has
 * rules by method and path: then the TLS ends here (ending/). What is judged here is where it leads, by everything that
 * names it.
 *
 *   CONNECT --one plain name, rule or grant--> resolved, every address judged --200--> hello: the same name --> connected
 *             '---------- neither --> refused, and maybe asked (asking.ts)                                 \--> ended
 *
 * The address that was judged is the one that is connected to: the name is resolved once, here, and never again.
 */
import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { DoorTrail } from '../audit/door-trail.ts';
import type { EndedTo } from '../ending/ender.ts';
import type { HostRule } from '../port.ts';
import { REFUSALS, type Refusal, refusalText } from '../refusals.ts';
import { mayGo } from './addresses.ts';
import { readHello } from './client-hello.ts';
import type { Asker, Grants } from './grants.ts';
import { agreedHost, type HostPort } from './host-names.ts';

export interface TunnelDeps {
  /** All addresses of a name. Rejects when there is none. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
  readonly find: (agent: string, host: string, port: number) => TunnelRule | null;
  /** What the owner has granted to one session. */
  readonly grants: Pick<Grants, 'isGood' | 'take'>;
  /** For a host that neither names. Never rejects. */
  readonly refusal: (asker: Asker, to: HostPort) => Promise<Refusal>;
  /** Takes over a tunnel whose TLS ends here. */
  readonly end: (inside: Socket, hello: Buffer, to: EndedTo) => Promise<void>;
  readonly limits: TunnelLimits;
}

export interface TunnelRule extends Pick<HostRule, 'isPrivate'> {
  /** Its TLS ends here. */
  readonly isEnded: boolean;
}

export interface TunnelLimits {
  /** For resolving, for the hello to come, and for connecting: each. */
  readonly stepMs: number;
  /** Without a byte either way. */
  readonly idleMs: number;
}

export const TUNNEL_LIMITS: TunnelLimits = { stepMs: 15_000, idleMs: 300_000 };

/** Whose way out it is. */
export interface TunnelOwner extends Asker {
  readonly trail: DoorTrail;
}

/** Its hello names another host than its CONNECT, or is no TLS: it is cut off without a word. */
const OTHER_NAME = { code: 'not_allowed' } as const;

const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';

/** Resolves when the tunnel has ended, or was refused. Rejects when the rule cannot be read, or no certificate be made. */
export async function openTunnel(
  deps: TunnelDeps,
  owner: TunnelOwner,
  request: Pick<IncomingMessage, 'url' | 'headers'>,
  inside: Socket,
  head: Buffer,
): Promise<void> {
  inside.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => inside.once('close', () => resolve()));
  const { agent, trail } = owner;
  const asked = `CONNECT ${request.url ?? ''}`;
  const end = (refusal: Refusal) => {
    trail.refused(asked, refusal);
    inside.end(refusalText(refusal), () => inside.destroy());
    return closed;
  };
  const wanted = agreedHost(request.url ?? '', request.headers.host);
  if (!wanted) return end(REFUSALS.notAHost);
  const { host, port } = wanted;
  const rule = deps.find(agent, host, port);
  if (!rule && !deps.grants.isGood(owner, host, port)) return end(await deps.refusal(owner, wanted));
  const addresses = await within(deps.limits.stepMs, deps.resolve(wanted.host)).catch(() => null);
  if (inside.destroyed) return;
  if (addresses === null) return end(REFUSALS.unresolved);
  if (!mayGo(addresses, rule?.isPrivate === true)) return end(REFUSALS.badAddress);
  const off = trail.passing('tunnel', asked);
  if (off) return end(off);
  // Last of all: what would not have passed has used nothing up.
  if (!rule && !deps.grants.take(owner, host, port)) return end(await deps.refusal(owner, wanted));
  inside.write(ESTABLISHED);
  const hello = await readName(inside, head, deps.limits.stepMs);
  // From here on its end is in TLS, and would not read words of ours.
  if (hello?.name.toLowerCase() !== wanted.host) {
    trail.refused(asked, OTHER_NAME);
    inside.destroy();
    return closed;
  }
  const to = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  if (rule?.isEnded) await deps.end(inside, hello.bytes, { ...wanted, agent, trail, addresses: to });
  else join(inside, hello.bytes, open(to, wanted.port, deps.limits), deps.limits);
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
function open(addresses: EndedTo['addresses'], port: number, { stepMs }: TunnelLimits): Socket {
  const socket = connect({
    host: 'judged.invalid',
    port,
    allowHalfOpen: true,
    autoSelectFamily: true,
    lookup: (_name, _options, found) => found(null, [...addresses]),
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
