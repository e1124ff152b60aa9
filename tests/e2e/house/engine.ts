/** The container engine as a test sees it: by its client and labels. Shares no code with the host, which is what it judges. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** Full id and mark of each container of an install that the engine knows of. */
export function containersOf(installId: string): { readonly id: string; readonly mark: string }[] {
  const format = '{{.ID}} {{.Label "bellhop.mark"}}';
  const filter = `label=bellhop.install=${installId}`;
  return docker('ps', '--all', '--no-trunc', '--filter', filter, '--format', format).map((line) => {
    const [id = '', mark = ''] = line.split(' ');
    return { id, mark };
  });
}

/**
 * Where this text is in an install's containers: how they and their image were made, and each file that is not the
 * image's. That one is made before an install has anything to hide, and is the same for all.
 */
export async function containerHolds(installId: string, text: string): Promise<string[]> {
  const found: string[] = [];
  for (const { id } of containersOf(installId)) {
    const [image = ''] = docker('inspect', '--format', '{{.Image}}', id);
    const mounts = docker('inspect', '--format', '{{range .Mounts}}{{println .Destination}}{{end}}', id);
    const changed = docker('diff', id)
      .map((line) => line.slice(line.indexOf(' ') + 1))
      // What the mounts lie in is empty but for them, and what they show is the host's, where it is looked at.
      .filter((path) => !mounts.some((mount) => `${mount}/`.startsWith(`${path}/`)));
    for (const words of [
      ['inspect', id],
      ['history', '--no-trunc', image],
      ...changed.map((path) => ['cp', `${id}:${path}`, '-']),
    ]) {
      if (await prints(words, text)) found.push(`docker ${words.join(' ')}`);
    }
  }
  return found;
}

/** Reads in pieces: a file may be large. */
async function prints(args: readonly string[], text: string): Promise<boolean> {
  const child = spawn('docker', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  let found = false;
  let end = Buffer.alloc(0);
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    const piece = Buffer.concat([end, chunk]);
    found ||= piece.includes(text);
    end = piece.subarray(-text.length);
  }
  const [status] = (await closed) as [number | null];
  if (status !== 0) throw new Error(`docker ${args.join(' ')} ended with ${status}`);
  return found;
}

/** Containers and images of an install, which a person would keep for the next start. */
export function removeAll(installId: string): void {
  for (const { id } of containersOf(installId)) docker('rm', '--force', id);
  const filter = `label=bellhop.install=${installId}`;
  for (const id of docker('image', 'ls', '--quiet', '--filter', filter)) docker('image', 'rm', '--force', id);
}

function docker(...args: readonly string[]): string[] {
  const { stdout, stderr, status } = spawnSync('docker', args, { encoding: 'utf8' });
  // Between a look and a removal a container may go by itself.
  if (status !== 0 && !/no such|already in progress/i.test(stderr))
    throw new Error(`docker ${args[0]}: ${stderr}`);
  return stdout.split('\n').filter((line) => line !== '');
}
