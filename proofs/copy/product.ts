/** A copy of the product that can be broken while people work on the original. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const LEFT_OUT: readonly string[] = ['.git', 'node_modules'];

/**
 * A new folder with all of it, which finds our packages in itself, and everybody else's where the original has them. It is
 * gone when the process ends, a Ctrl-C included; what a SIGKILL leaves is `bellhop-broken-*` in the folder for such things.
 */
export function copyProduct(root: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'bellhop-broken-'));
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
  // Without a listener these end a process at once, and nothing is cleaned up.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  for (const name of readdirSync(root).filter((one) => !LEFT_OUT.includes(one)))
    cpSync(join(root, name), join(dir, name), { recursive: true });
  mkdirSync(join(dir, 'node_modules/@bellhop'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules')).filter((one) => one !== '@bellhop'))
    symlinkSync(join(root, 'node_modules', name), join(dir, 'node_modules', name));
  for (const name of readdirSync(join(root, 'packages')))
    symlinkSync(join(dir, 'packages', name), join(dir, 'node_modules/@bellhop', name));
  return dir;
}
