/** Everything that the doctor looks at, in the order in which it is told. A new look is one line here. */
import { lookAtFolder } from './folder.ts';
import { lookAtKeys } from './keys.ts';
import { lookAtMachine } from './machine.ts';
import type { Look } from './port.ts';
import { lookAtRecords } from './records.ts';
import { lookAtSandboxes } from './sandboxes.ts';
import { lookAtWayOut } from './way-out.ts';
import { lookAtSettings } from './weakened.ts';

export const LOOKS: readonly (readonly [title: string, look: Look])[] = [
  ['This machine', lookAtMachine],
  ['Data', lookAtFolder],
  ['Settings', lookAtSettings],
  ['Records', lookAtRecords],
  ['Model', lookAtKeys],
  ['Sandboxes', lookAtSandboxes],
  ['The way out', lookAtWayOut],
];
