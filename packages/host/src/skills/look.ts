/**
 * One skill of the folder of skills, looked at: is it what may be shown? Nothing of it is run, and no link is followed:
 * the folder, every folder in it and SKILL.md must be what they are named.
 */
import { constants } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Folders, makeFolder, shareFile } from '../folders.ts';
import { readHead, SKILL_NAME, type SkillHead } from './front-matter.ts';

export const SKILLS_DIR = 'skills';
const MAX_TEXT_BYTES = 64 * 1024;
const MAX_ENTRIES = 500;
const MAX_BYTES = 20 * 1024 * 1024;

/** Its head, or in words why it is not shown. */
export async function lookAtSkill(folders: Folders, name: string): Promise<SkillHead | string> {
  if (!SKILL_NAME.test(name)) return 'its folder is not named by small letters, digits and -';
  const folder = join(folders.dataDir, SKILLS_DIR, name);
  try {
    const against = await lookThrough(folder);
    if (against !== null) return against;
    const text = await readText(join(folder, 'SKILL.md'));
    if (text === null) return `SKILL.md is not a file of at most ${MAX_TEXT_BYTES / 1024} KiB of text`;
    const head = readHead(text);
    if (typeof head !== 'string' && head.name !== name) return `its SKILL.md calls it ${head.name}`;
    return head;
  } catch (error) {
    return `it cannot be looked at: ${(error as NodeJS.ErrnoException).code ?? 'not text'}`;
  }
}

/** Lets the sandbox's user read it. Only what was looked at; the folder is the owner's alone. */
export async function shareSkill(folders: Folders, name: string): Promise<void> {
  if (folders.user === null) return;
  const share = async (segments: readonly string[]): Promise<void> => {
    const folder = await makeFolder(folders, 'shared', SKILLS_DIR, ...segments);
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await share([...segments, entry.name]);
      else if (entry.isFile())
        await shareFile(folders, path, (await lstat(path)).mode & 0o100 ? 0o750 : 0o640);
    }
  };
  await share([name]);
}

async function lookThrough(folder: string): Promise<string | null> {
  if (!(await lstat(folder)).isDirectory()) return 'it is not a folder of its own';
  const folders = [folder];
  const sum = { entries: 0, bytes: 0 };
  for (const next of folders) {
    for (const entry of await readdir(next, { withFileTypes: true })) {
      const path = join(next, entry.name);
      // The list grows while it is walked.
      if (entry.isDirectory()) folders.push(path);
      else if (!entry.isFile()) return `${entry.name} in it is a link, or no file`;
      sum.entries += 1;
      sum.bytes += entry.isFile() ? (await lstat(path)).size : 0;
      if (sum.entries > MAX_ENTRIES || sum.bytes > MAX_BYTES)
        return `it holds more than ${MAX_ENTRIES} files or ${MAX_BYTES / 1024 / 1024} MiB`;
    }
  }
  return null;
}

async function readText(path: string): Promise<string | null> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile() || stat.size > MAX_TEXT_BYTES) return null;
    return new TextDecoder('utf-8', { fatal: true }).decode(await file.readFile());
  } finally {
    await file.close();
  }
}
