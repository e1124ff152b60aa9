/** Where and of what a bench was run, in words, so that its numbers can be compared with others or not. */
import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { cpus, release, totalmem, type } from 'node:os';
import { promisify } from 'node:util';

const GIB = 1024 ** 3;
/** Kinds of file systems that one meets, by their magic numbers. */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: 'ext4',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  16914836: 'tmpfs',
  2035054128: 'overlay',
  801189825: 'zfs',
};

/** @param dir where the bench keeps its data. */
export async function machineWords(dir: string): Promise<string> {
  const cores = cpus();
  const disk = FILE_SYSTEMS[(await statfs(dir)).type] ?? 'unknown';
  const memory = `${Math.round(totalmem() / GIB)} GiB`;
  return `${cores.length} × ${cores[0]?.model.trim()}, ${memory}, ${type()} ${release()}, ${disk}, Node ${process.version.slice(1)}`;
}

/** Short id; `-dirty` when the checkout differs from it; `unknown` outside of a checkout. */
export async function commitWords(root: string): Promise<string> {
  try {
    const git = ['-C', root, 'describe', '--always', '--abbrev=10', '--exclude=*'];
    const { stdout: id } = await promisify(execFile)('git', git);
    // What a run writes itself is not part of what was measured.
    const measured = ['bellhop', 'packages', 'bench', ':!bench/results', 'package-lock.json'];
    const status = ['-C', root, 'status', '--porcelain', '--', ...measured];
    const { stdout: changes } = await promisify(execFile)('git', status);
    return changes === '' ? id.trim() : `${id.trim()}-dirty`;
  } catch (noGit) {
    // Neither git nor a checkout is needed to run; the reader sees that the commit is not known.
    return noGit instanceof Error ? 'unknown' : String(noGit);
  }
}
