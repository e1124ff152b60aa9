/**
 * The local certificate authority, made once for each data folder: `DATA/egress/ca.json` (0600) holds its key, which
 * no sandbox sees; `DATA/trust/` what every sandbox sees and nobody else trusts.
 *
 *   roots.pem  whom this machine trusts, and the authority: for clients that take one bundle
 *   ours.pem   the authority alone: for clients that add it to their own
 *
 * It signs for hosts that TLS is ended for, each good for a week and kept in memory.
 */
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { type Folders, makeFolder, shareFile } from '../../folders.ts';
import { readIfThere, writeDurably } from '../durable.ts';
import { EgressError, OURS, ROOTS, TRUST } from '../port.ts';
import type { Signed } from './certificates.ts';
import type { NotaryRequest } from './notary.ts';

const NOTARY = fileURLToPath(new URL('./notary.ts', import.meta.url));
/** It takes 0.1 s; one that hangs is ended. */
const NOTARY_MS = 15_000;
/** A certificate of a week is used for half of it. */
const USED_MS = 3.5 * 24 * 60 * 60 * 1_000;
/** An authority that ends sooner than this is made anew. */
const LAST_MS = 30 * 24 * 60 * 60 * 1_000;
/** Contexts kept; an agent that asks for more hosts than this makes them anew. */
const MAX_KEPT = 200;

interface Kept {
  readonly context: Promise<SecureContext>;
  readonly untilMs: number;
}

export class Authority {
  readonly #signed: Signed;
  readonly #nowMs: () => number;
  readonly #kept = new Map<string, Kept>();

  private constructor(signed: Signed, nowMs: () => number) {
    this.#signed = signed;
    this.#nowMs = nowMs;
  }

  /** Resolves when the sandboxes' files are there. Rejects when they cannot be, or the authority's file is broken. */
  static async open(folders: Folders, nowMs: () => number): Promise<Authority> {
    const path = join(folders.dataDir, 'egress', 'ca.json');
    const kept = readKept(path, nowMs());
    const signed = kept ?? (await ask({ authority: null, nowMs: nowMs() }));
    if (kept === null) writeDurably(path, `${JSON.stringify(signed)}\n`);
    const dir = await makeFolder(folders, 'shared', TRUST);
    const roots = [...new Set([...getCACertificates('default'), signed.cert])].join('\n');
    for (const [name, text] of [
      [ROOTS, roots],
      [OURS, signed.cert],
    ] as const) {
      const file = join(dir, name);
      if (readIfThere(file) !== text) await writeFile(file, text);
      await shareFile(folders, file, 0o640);
    }
    return new Authority(signed, nowMs);
  }

  /** What a TLS server needs to be this host. Rejects when no certificate can be made. */
  contextFor(host: string): Promise<SecureContext> {
    const found = this.#kept.get(host);
    if (found && found.untilMs > this.#nowMs()) return found.context;
    const context = this.#make(host);
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    this.#kept.set(host, { context, untilMs: this.#nowMs() + USED_MS });
    // Asked again, it is tried again.
    context.catch(() => this.#kept.delete(host));
    return context;
  }

  async #make(host: string): Promise<SecureContext> {
    const { cert, key } = await ask({ authority: this.#signed, host, nowMs: this.#nowMs() });
    return createSecureContext({ cert, key, minVersion: 'TLSv1.2' });
  }
}

/** Null: there is none, or it ends soon. Throws EgressError for a broken one: sandboxes that run trust it. */
function readKept(path: string, nowMs: number): Signed | null {
  const text = readIfThere(path);
  if (text === null) return null;
  try {
    const signed = JSON.parse(text) as Signed;
    return new X509Certificate(signed.cert).validToDate.getTime() > nowMs + LAST_MS ? signed : null;
  } catch (error) {
    const why = `the local authority cannot be read: ${(error as Error).message}`;
    throw new EgressError('bad_authority', why, `Move ${path} away, and a new one is made.`);
  }
}

async function ask(request: NotaryRequest): Promise<Signed> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', NOTARY], {
    env: {},
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: NOTARY_MS,
  });
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  // One that ends early says no JSON.
  child.stdin.on('error', () => undefined);
  child.stdin.end(JSON.stringify(request));
  return (await Promise.race([json(child.stdout), failed])) as Signed;
}
