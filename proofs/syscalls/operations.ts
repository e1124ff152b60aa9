/** All steps that are walked over, listed by hand, in the order of a message's life. */
import { deliveryOperations } from './delivery-operations.ts';
import { hostOperations } from './host-operations.ts';
import type { Operation } from './operation.ts';
import { runnerOperations } from './runner-operations.ts';

export const operations: readonly Operation[] = [
  ...hostOperations,
  ...runnerOperations,
  ...deliveryOperations,
];
