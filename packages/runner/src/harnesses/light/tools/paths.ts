/**
 * Which files the file tools touch: the workspace, the memory and the owner's folders; to read, also what people sent and
 * the agent's own
 * instructions and skills. What a path really names counts: links and `..` are followed first.
 *
 * This keeps an agent on its way, in words that it can act on. It is no wall: the sandbox is.
 */
import { lstat, realpath } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import type { Place } from '../../../harness.ts';

export async function pathFor(place: Place, path: string, use: 'read' | 'write'): Promise<string> {
  const { workDir, memoryDir, homeDir, inDir, extraDirs, skills } = place;
  const extra = extraDirs.filter(({ writable }) => use === 'read' || writable).map(({ path: at }) => at);
  const asked = resolve(workDir, path);
  const real = await reallyAt(asked);
  const allowed =
    use === 'write'
      ? [workDir, memoryDir, ...extra]
      : [workDir, memoryDir, homeDir, join(inDir, 'files'), ...extra, ...skills.map(({ path: at }) => at)];
  for (const root of allowed) {
    const realRoot = await realpath(root).catch(() => root);
    if (real === realRoot || real.startsWith(realRoot + sep)) return real;
  }
  const where = use === 'write' ? 'only these can be written' : 'it is not yours to read';
  throw new Error(`${path} lies outside: ${where} (${allowed.join(', ')})`);
}

/** Through every link; for what does not exist yet, the nearest folder above it that does. */
async function reallyAt(path: string): Promise<string> {
  const missing: string[] = [];
  for (let at = path; ; at = dirname(at)) {
    const real = await realpath(at).catch((error: NodeJS.ErrnoException) => {
      // A loop of links, or a folder that may not be entered, names nothing.
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
      throw new Error(`${path} cannot be opened (${error.code})`);
    });
    if (real !== null) return join(real, ...missing);
    // A link to nothing would be followed by whoever writes.
    if (await lstat(at).catch(() => null)) throw new Error(`${path} is a link that leads nowhere`);
    missing.unshift(at.slice(dirname(at).length).replace(/^\/+/, ''));
  }
}
