/** `bellhop skills [on|off NAME]`: which folders of instructions an agent has. The host looks at them. */
import type { SkillList } from '@bellhop/host/api';
import { text } from './args.ts';
import type { Context } from './command.ts';
import { tell, verbOf, wrapped } from './operator/request.ts';
import { oneLine } from './text.ts';

const VERBS = { list: 'alone', on: 'names', off: 'names' } as const;

export async function skills(context: Context): Promise<number> {
  const { verb, what } = verbOf(context.parsed, 'skills', VERBS);
  const agent = text(context.parsed, 'agent', 'skills');
  const whose = agent === undefined ? {} : { agent };
  return tell(
    context,
    (client, signal) =>
      verb === 'list'
        ? client.skills(signal)
        : client.turnSkill({ ...whose, skill: what, on: verb === 'on' }, signal),
    listed,
  );
}

function listed({ folder, skills: found }: SkillList): string[] {
  if (found.length === 0) return [`No skills. Each is a folder with a SKILL.md in ${oneLine(folder)}`];
  return found.flatMap(({ name, description, problem, agents }) => [
    `${oneLine(name)}: ${agents.length === 0 ? 'off' : `on for ${agents.map(oneLine).join(', ')}`}`,
    ...wrapped('  ', problem === null ? (description ?? '') : `not shown: ${problem}`),
  ]);
}
