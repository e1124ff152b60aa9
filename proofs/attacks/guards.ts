/** Every guard that is broken, area by area in the order of docs/SECURITY.md, and the rows that nothing is broken for. */
import type { BrokenGuard, Unbreakable } from './broken-guard.ts';
import { ENDINGS } from './ending.ts';
import { HOSTILE } from './hostile.ts';
import { LIMITS } from './limits.ts';
import { MOUNT_GUARDS } from './mounts.ts';
import { SANDBOXES } from './sandboxes.ts';
import { SKILLS_AND_PACKAGES } from './skills-packages.ts';
import { WAY_OUT } from './way-out.ts';

export const BROKEN_GUARDS: readonly BrokenGuard[] = [
  ...SANDBOXES,
  ...LIMITS,
  ...MOUNT_GUARDS,
  ...HOSTILE,
  ...SKILLS_AND_PACKAGES,
  ...ENDINGS,
  ...WAY_OUT,
];

export const UNBREAKABLE: readonly Unbreakable[] = [];
