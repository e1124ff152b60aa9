/** Every guard that is broken, area by area in the order of docs/SECURITY.md, and the rows that nothing is broken for. */
import { APPROVAL_GUARDS } from './approvals.ts';
import type { BrokenGuard, Unbreakable } from './broken-guard.ts';
import { DOCTOR } from './doctor.ts';
import { ENDINGS } from './ending.ts';
import { HOSTILE } from './hostile.ts';
import { LIMITS } from './limits.ts';
import { MOUNT_GUARDS } from './mounts.ts';
import { SANDBOXES } from './sandboxes.ts';
import { SECRETS } from './secrets.ts';
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
  ...SECRETS,
  ...APPROVAL_GUARDS,
  ...DOCTOR,
];

export const UNBREAKABLE: readonly Unbreakable[] = [];
