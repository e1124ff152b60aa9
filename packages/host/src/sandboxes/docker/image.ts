/**
 * The agent image: images/agent/Dockerfile, built once per content and data folder.
 *
 * The tag is made of both, so an unchanged Dockerfile builds nothing, several installs live side by side on one engine
 * (layers are shared; an image of its own costs nothing), and each removes its own old ones and nobody else's.
 */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { INSTALL_LABEL } from './arguments.ts';
import type { AskEngine } from './engine.ts';

const CONTEXT = fileURLToPath(new URL('../../../../../images/agent', import.meta.url));
const DEFAULT_BASE = 'node:26-slim';
/** A slow line may take long over the base and the packages. */
const BUILD_LIMIT_MS = 20 * 60_000;
/** How the classic builder, BuildKit and podman say which step they are at. */
const STEP = /^(STEP|Step) \d+|^#\d+ \[/;

export interface AgentImage {
  readonly tag: string;
  readonly base: string;
  readonly installId: string;
}

/** @param base a Debian with glibc; by default Node's own image. */
export async function agentImage(installId: string, base: string = DEFAULT_BASE): Promise<AgentImage> {
  const hash = createHash('sha256')
    .update(await readFile(join(CONTEXT, 'Dockerfile')))
    .update(base);
  return { tag: `bellhop-agent:${hash.digest('hex').slice(0, 16)}-${installId}`, base, installId };
}

/** The id of its content, or null when it is not there. */
export async function imageId(ask: AskEngine, { tag }: AgentImage): Promise<string | null> {
  return (await ask(['image', 'ls', '--no-trunc', '--quiet', tag])) || null;
}

/** Rejects with EngineError. */
export async function buildImage(
  ask: AskEngine,
  image: AgentImage,
  say: (line: string) => void,
): Promise<void> {
  say(`Building the agent image from ${image.base} (once, about a minute) …`);
  const label = `${INSTALL_LABEL}=${image.installId}`;
  await ask(['build', '--label', label, '--build-arg', `BASE=${image.base}`, '--tag', image.tag, CONTEXT], {
    limitMs: BUILD_LIMIT_MS,
    onLine: (line) => {
      if (STEP.test(line)) say(`  ${line}`);
    },
  });
  await removeOld(ask, image);
}

/** Of other versions of this install. One that is in use stays: the engine refuses, and the next build asks again. */
async function removeOld(ask: AskEngine, { tag, installId }: AgentImage): Promise<void> {
  const format = '{{.Repository}}:{{.Tag}}';
  const own = await ask([
    'image',
    'ls',
    '--filter',
    `label=${INSTALL_LABEL}=${installId}`,
    '--format',
    format,
  ]);
  for (const old of own
    .split('\n')
    .filter((each) => each.includes('bellhop-agent:') && !each.endsWith(tag))) {
    await ask(['image', 'rm', old]).catch(() => '');
  }
}
