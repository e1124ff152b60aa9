/**
 * Images with packages of an agent's own: images/packages on top of the agent image.
 *
 * Names travel as lines of files in the build's folder, never in a command line. The tag is made of the base's content,
 * the recipe, the agent and the list; labels say whose it is. Each image is tried by the self-test before it is used.
 */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import type { PackageBuild, PackageImages, PackageNames, SelfTest } from '../port.ts';
import { SandboxUnavailable } from '../port.ts';
import { INSTALL_LABEL, MARK_LABEL } from './arguments.ts';
import { type AskEngine, EngineError } from './engine.ts';
import { explainEngine } from './explain.ts';
import { type AgentImage, imageId } from './image.ts';

const RECIPE = fileURLToPath(new URL('../../../../../images/packages', import.meta.url));
const RECIPE_FILES = ['Dockerfile', 'install.sh'];
const REPOSITORY = 'bellhop-packages';
const AGENT_LABEL = 'bellhop.agent';
const BUILD_LIMIT_MS = 15 * 60_000;
/** How apt and npm begin the line that says what went wrong. */
const TELLING = /^(E: |npm (ERR!|error) (?!A complete log|code |errno |syscall |type |\s))/;

export interface PackageGround {
  readonly dataDir: string;
  /** Rejects with SandboxUnavailable. */
  ask(): Promise<AskEngine>;
  base(): Promise<AgentImage>;
  /** The self-test on this image. */
  test(image: string): Promise<SelfTest>;
}

export function createPackageImages({ dataDir, ask, base, test }: PackageGround): PackageImages {
  async function inContext<T>(names: PackageNames, use: (folder: string) => Promise<T>): Promise<T> {
    const folder = join(dataDir, 'packages', 'context');
    // Of a host that died.
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    try {
      for (const file of RECIPE_FILES) await copyFile(join(RECIPE, file), join(folder, file));
      await writeFile(join(folder, 'apt'), lines(names.apt));
      await writeFile(join(folder, 'npm'), lines(names.npm));
      return await use(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async function build({ agent, names, image, onLine, signal }: PackageBuild): Promise<SelfTest> {
    const [engine, from] = await Promise.all([ask(), base()]);
    const said: string[] = [];
    const heard = (coloured: string) => {
      const line = stripVTControlCharacters(coloured);
      if (TELLING.test(line)) said.push(line);
      onLine(line);
    };
    const label = ['--label', `${INSTALL_LABEL}=${from.installId}`, '--label', `${AGENT_LABEL}=${agent}`];
    try {
      await inContext(names, (folder) =>
        engine(['build', ...label, '--build-arg', `FROM=${from.tag}`, '--tag', image, folder], {
          limitMs: BUILD_LIMIT_MS,
          onLine: heard,
          signal,
        }),
      );
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      const { why, install } = explainEngine(error.message);
      return { ok: false, why: said[0] === undefined ? why : `the build failed: ${said[0]}`, install };
    }
    onLine('Built. Trying the new image …');
    return test(image);
  }

  return {
    build,
    async nameOf(agent, names) {
      const [engine, from] = await Promise.all([ask(), base()]);
      const id = await imageId(engine, from).catch((error: EngineError) => {
        const { why, install } = explainEngine(error.message);
        throw new SandboxUnavailable(why, install);
      });
      const hash = createHash('sha256').update(JSON.stringify([id, agent, names.apt, names.npm]));
      for (const file of RECIPE_FILES) hash.update(await readFile(join(RECIPE, file)));
      return `${REPOSITORY}:${hash.digest('hex').slice(0, 16)}-${from.installId}`;
    },
    async present(images) {
      const own = await owned(await ask(), await base());
      return images.filter((image) => own.includes(image));
    },
    async keepOnly(images) {
      const engine = await ask();
      for (const image of await owned(engine, await base())) {
        if (!images.includes(image)) await engine(['image', 'rm', image]).catch(() => '');
      }
      await sweepBroken(engine, await base());
    },
  };
}

async function owned(engine: AskEngine, { installId }: AgentImage): Promise<string[]> {
  const label = `label=${INSTALL_LABEL}=${installId}`;
  const format = '{{.Repository}}:{{.Tag}}';
  const all = await engine(['image', 'ls', '--filter', label, '--format', format]);
  return all.split('\n').filter((name) => name.startsWith(`${REPOSITORY}:`));
}

/**
 * A step that failed leaves its container, and the layers below it, with the labels of the agent image and no tag. What
 * has a mark is a sandbox, and not ours to touch.
 */
async function sweepBroken(engine: AskEngine, { installId }: AgentImage): Promise<void> {
  const ours = ['--filter', `label=${INSTALL_LABEL}=${installId}`];
  const format = `{{.ID}} {{.Label "${MARK_LABEL}"}}`;
  const ended = await engine(['ps', '--all', ...ours, '--filter', 'status=exited', '--format', format]);
  for (const [id = '', mark] of ended.split('\n').map((row) => row.trim().split(' '))) {
    if (id !== '' && mark === undefined) await engine(['rm', id]).catch(() => '');
  }
  const untagged = await engine(['image', 'ls', '--quiet', ...ours, '--filter', 'dangling=true']);
  for (const id of new Set(untagged.split('\n'))) {
    if (id !== '') await engine(['image', 'rm', id]).catch(() => '');
  }
}

function lines(names: readonly string[]): string {
  return names.map((name) => `${name}\n`).join('');
}
