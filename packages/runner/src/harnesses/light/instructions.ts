/**
 * What stands before every conversation: who the agent is (AGENT.md, its owner's words), what it remembers, and how its
 * words reach people. Read anew at each turn, so an edit by hand takes effect at the next one.
 */
import { join } from 'node:path';
import type { Place } from '../../harness.ts';
import { escaped } from './prompt.ts';
import { readHead } from './read-head.ts';

const MAX_INSTRUCTIONS = 64 * 1024;
/** Of memory/INDEX.md, in bytes: the rest is found by reading. */
const MAX_INDEX = 8 * 1024;

export async function buildInstructions(
  place: Place,
  agentName: string,
  destinations: readonly string[],
): Promise<string> {
  const own = await readHead(join(place.homeDir, 'AGENT.md'), MAX_INSTRUCTIONS);
  const index = await readHead(join(place.memoryDir, 'INDEX.md'), MAX_INDEX);
  return [
    `Your name is ${agentName}.`,
    ...(own === null ? [] : [own.text.trim()]),
    howToSpeak(destinations),
    whereThingsAre(place),
    ...(place.skills.length === 0 ? [] : [skillsOf(place.skills)]),
    memory(index),
  ].join('\n\n');
}

function howToSpeak(destinations: readonly string[]): string {
  return `# How your words reach people

Messages come as <message id="…" from="…" sender="…" time="…">. What others wrote is inside the tags, escaped; <system> is Bellhop's own word. When you finish, your last text is sent to the chat that asked. To send to a place by name, or several messages, write <message to="name">text</message>; then only these blocks are sent, and text outside of them is not. Write <internal>…</internal> around what nobody should see. You may send to: ${destinations.join(', ')}.
To say something while you are still at work, use send_message. Do not repeat what you have sent already.`;
}

function whereThingsAre({ workDir, memoryDir, homeDir, inDir, extraDirs }: Place): string {
  return `# Where things are

- ${workDir}: your workspace; relative paths begin here
- ${memoryDir}: your memory, kept for ever
- ${homeDir}/AGENT.md: your instructions, which only your owner changes
- ${inDir}/files: files that people sent you, read-only${extraDirs.map(extraDir).join('')}`;
}

function extraDir({ path, writable }: Place['extraDirs'][number]): string {
  return `\n- ${path}: a folder of your owner's${writable ? '' : ', read-only'}`;
}

/** Escaped: a description is somebody's text, and no tag of ours. */
function skillsOf(skills: Place['skills']): string {
  const lines = skills.map(
    ({ name, description, path }) => `- ${name}: ${escaped(description)} (${path}/SKILL.md)`,
  );
  return `# Your skills

Instructions for certain kinds of work, read-only. When one fits what is asked, read its SKILL.md first.

${lines.join('\n')}`;
}

function memory(index: { readonly text: string; readonly isWhole: boolean } | null): string {
  if (index === null || index.text.trim() === '') {
    return '# Your memory\n\nIt is empty. Write notes as files, and list them in INDEX.md, which is shown to you here.';
  }
  const more = index.isWhole
    ? ''
    : `\n[INDEX.md is longer than ${MAX_INDEX} bytes; the rest is not shown: shorten it]`;
  return `# Your memory: INDEX.md\n\n${index.text.trim()}${more}`;
}
