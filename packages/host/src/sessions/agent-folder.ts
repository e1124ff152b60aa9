/**
 * An agent is a folder that a person can read and edit; what changes there takes effect at the next turn.
 *
 *   DATA/agents/<agent>/AGENT.md   instructions: the owner's; the agent reads them
 *   DATA/agents/<agent>/memory/    what it remembers; INDEX.md is shown to it at every turn
 *   DATA/agents/<agent>/files/     its workspace
 *
 * Made once and never overwritten. Nothing here reads what an agent wrote.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Folders, makeFolder, shareFile } from '../folders.ts';
import type { AgentId } from '../types.ts';

const DEFAULT_INSTRUCTIONS = `You are a personal assistant. You work in a sandbox of your own, with a workspace and a memory.

- Be brief and plain. Answer what was asked, then stop.
- Do the work, do not describe it: write files, run programs, look at what came out, and say what you have done.
- When something is missing, look for it first; ask only what nobody but the person can know.
- Say so when you are not sure, or when something failed.
- Remember what will be useful later: write it into your memory, and keep its INDEX.md short.
`;

export async function makeAgentFolder(folders: Folders, agent: AgentId): Promise<void> {
  await makeFolder(folders, 'owned', 'agents', agent, 'files');
  await makeFolder(folders, 'owned', 'agents', agent, 'memory');
  const path = join(folders.dataDir, 'agents', agent, 'AGENT.md');
  try {
    await writeFile(path, DEFAULT_INSTRUCTIONS, { flag: 'wx', mode: 0o640 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  // Each time: an editor that saves by renaming leaves a file with rights of its own.
  await shareFile(folders, path, 0o640);
}
