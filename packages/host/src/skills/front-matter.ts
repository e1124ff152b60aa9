/**
 * The head of a SKILL.md: `name` and `description`, one line each, between two lines of three dashes. Pure and strict: of
 * YAML this knows nothing more, and whatever else stands there means nothing.
 */
import { stripVTControlCharacters } from 'node:util';

export const SKILL_NAME = /^[a-z0-9][a-z0-9-]{0,63}$/;
const MAX_DESCRIPTION = 500;
const FENCE = '---';

export interface SkillHead {
  readonly name: string;
  /** One line of text, without control characters. Words of whoever wrote the skill. */
  readonly description: string;
}

/** What it says, or in words why it is none. */
export function readHead(text: string): SkillHead | string {
  const [first, ...rest] = text.split(/\r?\n/);
  const end = rest.indexOf(FENCE);
  if (first !== FENCE || end < 0) return 'SKILL.md does not begin with a head between two lines of ---';
  const fields = rest.slice(0, end).map((line) => /^(name|description):\s+(.+)$/s.exec(line));
  const valuesOf = (key: string) => fields.flatMap((field) => (field?.[1] === key ? [field[2] ?? ''] : []));
  const [name, otherName] = valuesOf('name').map(unquoted);
  const [description, other] = valuesOf('description').map(unquoted);
  if (name === undefined || otherName !== undefined) return 'its head needs one name';
  if (!SKILL_NAME.test(name)) return 'its name is not one of small letters, digits and -';
  if (description === undefined || other !== undefined || /^[>|]/.test(description))
    return 'its head needs one description, on one line';
  const plain = stripVTControlCharacters(description)
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '')
    .trim();
  if (plain === '' || plain.length > MAX_DESCRIPTION)
    return `its description is empty, or longer than ${MAX_DESCRIPTION} characters`;
  return { name, description: plain };
}

function unquoted(value: string): string {
  const trimmed = value.trim();
  return /^(["']).*\1$/.test(trimmed) && trimmed.length > 1 ? trimmed.slice(1, -1) : trimmed;
}
