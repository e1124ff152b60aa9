/**
 * `node:fs/promises` on the real disk, done at once: the order of things is the simulation's, not the thread pool's.
 * Whatever changes something is a step, before and after which the process may die, and for which there may be no room.
 */
import * as fs from 'node:fs';
import { Crash, current, type Process } from '../machine/kernel.ts';

export { constants } from 'node:fs';

function here(): Process {
  const process = current();
  if (!process) throw new Error('these files are for simulated processes');
  return process;
}

function noSpace(): Error {
  return Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
}

/** Which part of the data folder; names of sessions differ between seeds. */
function place(path: unknown, process: Process): string {
  return String(path).slice(process.kernel.options.dataDir.length).split('/')[1] ?? '';
}

async function look<T>(effect: () => T): Promise<T> {
  if (!here().alive) return await new Promise<never>(() => undefined);
  return effect();
}

async function change<T>(what: string, path: unknown, effect: () => T, needsRoom = true): Promise<T> {
  const process = here();
  return process.wait(`${what} ${place(path, process)}`, effect, needsRoom ? noSpace : null);
}

export const stat = (path: string) => look(() => fs.statSync(path));
export const lstat = (path: string) => look(() => fs.lstatSync(path));
export const readdir = (path: string) => look(() => fs.readdirSync(path));
export const opendir = (path: string) => look(() => entriesOf(fs.readdirSync(path, { withFileTypes: true })));
/** Always the same: a disk that is full refuses a step instead. */
export const statfs = (_path: string) => look(() => ({ bavail: 1e9, bsize: 4_096 }));
export const realpath = (path: string) => look(() => fs.realpathSync(path));
export const readFile = (path: string, encoding: BufferEncoding) =>
  look(() => fs.readFileSync(path, encoding));

export const mkdir = (path: string, options?: fs.MakeDirectoryOptions) =>
  look(() => fs.existsSync(path)).then((isThere) =>
    isThere && options?.recursive ? undefined : change('mkdir', path, () => fs.mkdirSync(path, options)),
  );
export const chmod = (path: string, mode: number) =>
  change('chmod', path, () => fs.chmodSync(path, mode), false);
export const chown = (path: string, uid: number, gid: number) =>
  change('chown', path, () => fs.chownSync(path, uid, gid), false);
export const rm = (path: string, options?: fs.RmOptions) =>
  look(() => fs.existsSync(path)).then((isThere) =>
    !isThere && options?.force ? undefined : change('rm', path, () => fs.rmSync(path, options), false),
  );
export const rename = (from: string, to: string) => change('rename', to, () => fs.renameSync(from, to));
export const copyFile = (from: string, to: string, mode?: number) =>
  change('copy', to, () => fs.copyFileSync(from, to, mode));
export const writeFile = (path: string, data: string, options?: fs.WriteFileOptions) =>
  change('write', path, () => fs.writeFileSync(path, data, options));

async function* entriesOf(entries: readonly fs.Dirent[]): AsyncGenerator<fs.Dirent> {
  yield* entries;
}

export const open = (path: string, flags: fs.OpenMode = 'r', mode?: number) =>
  look(() => new FileHandle(path, fs.openSync(path, flags, mode), here()));

export class FileHandle {
  readonly fd: number;
  readonly #path: string;
  readonly #process: Process;
  readonly #forget: () => void;
  #closed = false;

  constructor(path: string, fd: number, process: Process) {
    if (!process.alive) throw new Crash('a dead process opens no file');
    this.fd = fd;
    this.#path = path;
    this.#process = process;
    this.#forget = process.closing(() => this.#end());
  }

  stat = () => look(() => fs.fstatSync(this.fd));
  read = (buffer: Buffer, offset: number, length: number, at: number) =>
    look(() => ({ bytesRead: fs.readSync(this.fd, buffer, offset, length, at), buffer }));
  write = (buffer: Buffer, offset: number, length: number) =>
    change('write', this.#path, () => ({ bytesWritten: fs.writeSync(this.fd, buffer, offset, length) }));
  chown = (uid: number, gid: number) => look(() => fs.fchownSync(this.fd, uid, gid));
  /** Nothing here loses power. */
  sync = () => look(() => undefined);

  async close(): Promise<void> {
    if (!this.#process.alive) return;
    this.#forget();
    this.#end();
  }

  #end(): void {
    if (!this.#closed) fs.closeSync(this.fd);
    this.#closed = true;
  }
}
