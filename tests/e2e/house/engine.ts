/** The container engine as a test sees it: by its client and labels. Shares no code with the host, which is what it judges. */
import { spawnSync } from 'node:child_process';

/** Full id and mark of each container of an install that the engine knows of. */
export function containersOf(installId: string): { readonly id: string; readonly mark: string }[] {
  const format = '{{.ID}} {{.Label "bellhop.mark"}}';
  const filter = `label=bellhop.install=${installId}`;
  return docker('ps', '--all', '--no-trunc', '--filter', filter, '--format', format).map((line) => {
    const [id = '', mark = ''] = line.split(' ');
    return { id, mark };
  });
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
